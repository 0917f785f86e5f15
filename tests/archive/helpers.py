"""Small worlds with duplicates in them, and what of an archive the tests need."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from gis.archive.engines import DuckDB
from gis.archive.files import ArchiveFile
from tests.collector.world import World, made, user_row


@cache
def engine() -> DuckDB:
    return DuckDB(threads=1, memory="200MB", spill=Path(tempfile.gettempdir()) / "gis-spill")


def world(count: int = 40, *, duplicates: int = 8) -> World:
    """A repository in which some comments say which issue theirs duplicates."""
    repository = made(count, seed=3)
    numbers = sorted(repository.issues)
    for place in range(duplicates):
        number, target = numbers[-1 - place], numbers[place]
        repository.add_comment(number, f"Duplicate of #{target}", user_row(place))
    return repository


@contextmanager
def in_place(file: ArchiveFile) -> Iterator[Path]:
    yield Path(file.place)
