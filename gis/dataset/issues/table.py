"""The issues of a store as arrays: what evidence, negatives and splits ask of a million of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.names import Names

NEVER = np.iinfo(np.int64).max  # of an issue that was not closed
MOVED = re.compile(r"moved to (?P<home>[^#]+)#(?P<number>\d+)")  # as gis collect notes it
MOVES = 10  # transfers in a row that are followed
LARGEST = 2**40  # above the number of any issue
NOBODY = -1  # a deleted account, or nobody


@dataclass(frozen=True)
class Issues:
    """Every issue of a store that is still there, ordered by repository and number; a position names one.

    Attributes:
        names: Of the repositories, by their index.
        keys: The store's key by repository index.
        repository: (n,) repository index.
        number: (n,) number in the repository.
        created: (n,) seconds since 1970.
        closed: (n,) seconds since 1970, ``NEVER`` while open.
        author: (n,) index of a person, ``NOBODY`` where unknown.
        closer: (n,) index of who closed it last.
        people: Index by login.
        labels: (k,) label index of each issue's labels in turn.
        label_starts: (n + 1,) where an issue's labels begin.
        label_names: Name by label index.
        pull_requests: Repository index and number of each pull request, packed and sorted.
        moved: Where issues are today that were transferred, by repository index and old number.
    """

    names: Names
    keys: tuple[int, ...]
    repository: NDArray[np.int32]
    number: NDArray[np.int64]
    created: NDArray[np.int64]
    closed: NDArray[np.int64]
    author: NDArray[np.int32]
    closer: NDArray[np.int32]
    people: dict[str, int]
    labels: NDArray[np.int32]
    label_starts: NDArray[np.int64]
    label_names: tuple[str, ...]
    pull_requests: NDArray[np.int64]
    moved: Mapping[tuple[int, int], Reference]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.number)

    def position(self, repository: int, number: int) -> int | None:
        """Where an issue is; None where there is none."""
        if not 0 < number < LARGEST:
            return None
        wanted = _packed(repository, number)
        place = int(np.searchsorted(self._packed, wanted))
        return place if place < len(self) and self._packed[place] == wanted else None

    def is_pull_request(self, repository: int, number: int) -> bool:
        """Whether a number is known to be a pull request's."""
        if not 0 < number < LARGEST:
            return False
        wanted = _packed(repository, number)
        place = int(np.searchsorted(self.pull_requests, wanted))
        return place < len(self.pull_requests) and bool(self.pull_requests[place] == wanted)

    def name(self, position: int) -> str:
        """OWNER/NAME#N."""
        return f"{self.names.repositories[self.repository[position]]}#{self.number[position]}"

    def resolve(self, repository: int, reference: Reference) -> int | None:
        """The position of what a reference typed in ``repository`` names, also where it was moved since.

        None for pull requests and what was not collected.
        """
        home = self.names.home(reference, repository)
        for _ in range(MOVES):
            if home is None:
                return None
            moved = self.moved.get((home, reference.number))
            if moved is None:
                return self.position(home, reference.number)
            home, reference = self.names.home(moved, home), moved
        return None

    def named(self, name: str) -> int | None:
        """The position of OWNER/NAME#N; None where it is not here."""
        home, _, number = name.partition("#")
        index = self.names.homes.get(home.lower())
        if index is None or not number.isdecimal():
            return None
        return self.resolve(index, Reference(None, int(number)))

    def of_repository(self, repository: int) -> range:
        """The positions of a repository's issues."""
        return range(int(self._starts[repository]), int(self._starts[repository + 1]))

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.searchsorted(self.repository, np.arange(len(self.keys) + 1))

    @cached_property
    def _packed(self) -> NDArray[np.int64]:
        return _packed(self.repository.astype(np.int64), self.number)


def load_issues(store: Store) -> Issues:
    """Read what a store knows of its issues, but for their texts."""
    repositories = store.rows("SELECT key, name FROM repositories ORDER BY name")
    index = {key: place for place, (key, _) in enumerate(repositories)}
    columns: list[list[int]] = [[] for _ in range(7)]
    people, label_codes = _Codes(), _Codes()
    labels: list[int] = []
    for key, place in index.items():
        found = store.stream(
            "SELECT number, created_at, closed_at, author, closed_by, labels FROM issues "
            "WHERE repository = ? AND gone IS NULL ORDER BY number",
            (key,),
        )
        for number, created, closed, author, closer, names in found:
            labels += [label_codes.of(name) for name in json.loads(names)]
            times = (seconds(created), NEVER if closed is None else seconds(closed))
            row = (place, number, *times, people.of(author), people.of(closer), len(labels))
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    pulls = [
        _packed(index[key], number)
        for key, number in store.stream("SELECT repository, number FROM pull_requests ORDER BY repository, number")
    ]
    moved = {
        (index[key], number): Reference(match["home"], int(match["number"]))
        for key, number, gone in store.rows("SELECT repository, number, gone FROM issues WHERE gone IS NOT NULL")
        if (match := MOVED.fullmatch(gone))
    }
    return Issues(
        names=Names(
            tuple(name for _, name in repositories),
            {name.lower(): index[key] for name, key in store.rows("SELECT name, repository FROM names")},
        ),
        keys=tuple(index),
        repository=np.array(columns[0], np.int32),
        number=np.array(columns[1], np.int64),
        created=np.array(columns[2], np.int64),
        closed=np.array(columns[3], np.int64),
        author=np.array(columns[4], np.int32),
        closer=np.array(columns[5], np.int32),
        people=people.codes,
        labels=np.array(labels, np.int32),
        label_starts=np.array([0, *columns[6]], np.int64),
        label_names=tuple(label_codes.codes),
        pull_requests=np.sort(np.array(pulls, np.int64)),
        moved=moved,
    )


def seconds(stamp: str) -> int:
    """Seconds since 1970 of a time as GitHub writes it."""
    return int(datetime.fromisoformat(stamp).timestamp())


def stamp(moment: int) -> str:
    """A time as GitHub writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Codes:
    """Numbers for names, in the order of their coming."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def of(self, name: str | None) -> int:
        return NOBODY if name is None else self.codes.setdefault(name, len(self.codes))


def _packed(repository: "int | NDArray[np.int64]", number: "int | NDArray[np.int64]") -> "NDArray[np.int64]":
    return np.asarray(repository, np.int64) * LARGEST + number


def blocks(issues: Issues, size: int) -> Iterator[range]:
    """Positions in runs of ``size`` at the most, each of one repository, in order of number."""
    for repository in range(len(issues.keys)):
        here = issues.of_repository(repository)
        count = max(-(-len(here) // size), 1)
        for n in range(count):  # of nearly equal lengths
            yield range(here.start + len(here) * n // count, here.start + len(here) * (n + 1) // count)
