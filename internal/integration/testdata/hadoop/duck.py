"""Runs the SQL that it reads and prints the rows as Hive and Spark do: tabs between values, NULL for what is none."""
import sys

import duckdb

connection = duckdb.connect()
for statement in duckdb.extract_statements(sys.stdin.read()):
    result = connection.execute(statement)
    if result.description is None:
        continue
    for row in result.fetchall():
        print(*("NULL" if value is None else value for value in row), sep="\t")
