"""Files of published scores: the one that ships with gis, and those of the same form."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from gis.benchmark.results import first_fault
from gis.benchmark.tasks.catalogue import catalogue
from gis.errors import GisError, unknown_name
from gis.files import read_written_by_hand
from gis.leaderboard.mteb_import import read_mteb
from gis.leaderboard.reported import Measured, Reported, ReportedScores, Source

PUBLISHED = Path(__file__).with_name("published.toml")
Printed = Annotated[float, Field(strict=True, ge=-100, le=100, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A model in a file: its source is named by a key."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    source: str
    scores: Mapping[str, Printed]
    place: str = ""
    trained_on: str = ""
    same_as: Measured | None = None
    typed: str = ""


@dataclass(frozen=True, kw_only=True)
class _File:
    __pydantic_config__ = ConfigDict(extra="forbid")

    sources: Mapping[str, Source]
    models: tuple[_Entry, ...]


_FILE = TypeAdapter(_File)


def load_reported(name: str) -> ReportedScores:
    """Read published scores.

    Args:
        name: "published" for those that ship with gis, a file of the same form, or a folder of mteb's results.

    Raises:
        GisError: There is no such file or folder, or it is not one of published scores.
    """
    if name == PUBLISHED.stem:
        return ReportedScores(shipped())
    path = Path(name).expanduser()
    return read_mteb(path) if path.is_dir() else ReportedScores(read_reported(path))


@cache
def shipped() -> tuple[Reported, ...]:
    """Return the published scores that ship with gis."""
    return read_reported(PUBLISHED)


def read_reported(path: Path) -> tuple[Reported, ...]:
    """Read a file of published scores, in the form of published.toml.

    Raises:
        GisError: The file cannot be read, or names a source or a task that does not exist.
    """
    try:
        file = _FILE.validate_python(tomllib.loads(read_written_by_hand(path)))
    except (OSError, ValueError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        remedy = (
            f"give {PUBLISHED.stem} for what ships with gis, a file of the same form, or a folder of mteb's results"
        )
        raise GisError(f"{path} is not a file of published scores ({reason})", remedy=remedy) from error
    for entry in file.models:
        if entry.source not in file.sources:
            raise unknown_name("source", entry.source, file.sources, f"{path} names it for {entry.name}.")
        for task in entry.scores:
            if task not in catalogue():
                raise unknown_name("task", task, catalogue(), f"{path} names it for {entry.name}.")
    return tuple(
        Reported(
            name=entry.name,
            source=file.sources[entry.source],
            place=entry.place,
            scores=entry.scores,
            trained_on=entry.trained_on,
            same_as=entry.same_as,
            typed=entry.typed,
        )
        for entry in file.models
    )
