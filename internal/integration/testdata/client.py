"""Sends frames with pyzmq: client.py push|pub ENDPOINT.

Reads base64 lines, one a frame, from standard input; an empty line ends them. A subscriber hears nothing that was
published before it had subscribed, so pub sends the first frame again and again until the next line comes."""
import base64
import sys
import threading
import time

import zmq

kind, endpoint = sys.argv[1:]
context = zmq.Context()
socket = context.socket({"push": zmq.PUSH, "pub": zmq.PUB}[kind])
socket.sndhwm = 100_000
socket.linger = 10_000
socket.connect(endpoint)

lines = iter(sys.stdin.readline, "\n")
if kind == "pub":
    hello = base64.b64decode(next(lines))
    heard = threading.Event()

    def call():
        while not heard.is_set():
            socket.send(hello)
            time.sleep(0.02)

    caller = threading.Thread(target=call)
    caller.start()
    first = next(lines)
    heard.set()
    caller.join()
    socket.send(base64.b64decode(first))
for line in lines:
    socket.send(base64.b64decode(line))
socket.close()
context.term()
