"""The checksum of each row of a store, by which a flipped bit is noticed; SQLite keeps it up to date."""

import sqlite3
import zlib
from collections.abc import Iterable

SUM = "crc"  # the name of the column


def row_sum(*values: bytes | None) -> int:
    """Return the CRC-32 of a row's values; the bytes FE and FF, which no UTF-8 text has, keep them apart."""
    return zlib.crc32(b"\xff".join([b"\xfe" if value is None else value for value in values]))


def sum_of(columns: Iterable[str]) -> str:
    """Return the checksum of a row as an SQL expression; as bytes, values need not be valid to have one."""
    return f"row_sum({', '.join(f'CAST({column} AS BLOB)' for column in columns)})"


def define_row_sum(connection: sqlite3.Connection) -> None:
    """Define the function that the tables of a store use; without it, they can be read but not written."""
    connection.execute("PRAGMA trusted_schema = ON")  # some builds of SQLite let no table use a function
    connection.create_function("row_sum", -1, row_sum, deterministic=True)
