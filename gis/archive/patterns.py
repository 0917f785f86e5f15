"""Names of repositories in which * stands for anything."""

import re
from collections.abc import Iterable

from gis.errors import UsageError
from gis.text import visible

NAME = re.compile(r"[\w.*-]{1,100}/[\w.*-]{1,100}", re.ASCII)


def check_names(names: Iterable[str]) -> None:
    """Check names that people type.

    Raises:
        UsageError: One is not OWNER/NAME.
    """
    for name in names:
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{visible(name)[:60]!r} is not OWNER/NAME",
                remedy="write it so; * stands for anything, as in rust-lang/*",
            )


def regex_of(names: Iterable[str]) -> str:
    """Return a regular expression of any engine for names in lower case: in LIKE, the _ of many is any character."""
    return f"^({'|'.join('.*'.join(map(re.escape, name.lower().split('*'))) for name in names)})$"
