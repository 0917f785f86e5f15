"""Hashes of values and files."""

import hashlib
import json
import mmap
import zlib
from pathlib import Path
from typing import Any

CHUNK = 1 << 24  # bytes of a file that are hashed at a time
SHORT_HASH = 12  # hexadecimal digits of a hash, where people see it


def sha256_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Hash a JSON value; equal values give equal hashes whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_bytes(content: bytes) -> str:
    """Hash bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hash the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32_of_file(path: Path) -> int:
    """Return the CRC-32 of a file: it finds damage, not intent, and takes a third of the time of a SHA-256."""
    crc = 0
    with path.open("rb") as file:
        if path.stat().st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as content:
                for start in range(0, len(content), CHUNK):
                    crc = zlib.crc32(content[start : start + CHUNK], crc)
    return crc
