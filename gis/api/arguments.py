"""What the functions of the API take: names, paths and objects in memory, one of them or several."""

import os
from collections.abc import Generator
from pathlib import Path

from gis.errors import UsageError
from gis.files import cache_folder
from gis.spec import Spec

PathLike = str | os.PathLike[str]


def as_path(path: PathLike | None) -> Path | None:
    """Return a path as a ``Path``; None stays None."""
    return None if path is None else Path(path)


def embedding_cache(*, cache: PathLike | bool) -> Path | None:
    """Return the folder of the embedding cache: the default one for True, None for False."""
    return cache_folder() if cache is True else None if cache is False else Path(cache)


def as_name(given: object) -> object:
    """Return a path-like object (a trained model, a built dataset) as what names it on the command line."""
    return str(Spec(os.fspath(given))) if isinstance(given, os.PathLike) else given


def each_of(given: object) -> list[object]:
    """Return the members of a list, tuple, set or generator, or the one thing that was given."""
    members = list(given) if isinstance(given, list | tuple | set | frozenset | Generator) else [given]
    if not members:
        raise UsageError("an empty list was given; name at least one")
    return [as_name(member) for member in members]
