"""Reads events with cefp: a line in base64 each from standard input, an object of base64 each to standard output.

Bytes travel as the characters of Latin-1, so that what is no UTF-8 stays what it is."""
import base64
import json
import sys

import cefp


def encode(value):
    if isinstance(value, dict):
        return {key: encode(v) for key, v in value.items()}
    return base64.b64encode(value.encode("latin-1")).decode()


for line in sys.stdin:
    try:
        event = encode(cefp.parse(base64.b64decode(line).decode("latin-1")))
    except ValueError as e:
        event = {"error": str(e)}
    print(json.dumps(event), flush=True)
