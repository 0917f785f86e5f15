"""What is known to be missing from the public archive."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class Hole(NamedTuple):
    """A time of which something is missing.

    Attributes:
        begin: The first day, YYYY-MM-DD.
        end: The last day; "" where it goes on.
        what: What is missing.
    """

    begin: str
    end: str
    what: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.begin} to {self.end or 'now'}: {self.what}"


def holes_between(first: str, last: str) -> list[Hole]:
    """Return the known holes that reach into the days from ``first`` to ``last``, YYYY-MM-DD."""
    table = tomllib.loads(Path(__file__).with_name("holes.toml").read_text(encoding="utf-8"))
    holes = (Hole(**row) for row in table["hole"])
    return [hole for hole in holes if hole.begin <= last and (not hole.end or hole.end >= first)]
