"""The issues of a store as arrays: a million of them fit into memory, and each is found by binary search."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.names import RepositoryNames

NOT_CLOSED = np.iinfo(np.int64).max  # the closing time of an open issue
NOBODY = -1  # a deleted account, or nobody
TRANSFERRED = re.compile(r"moved to (?P<repository>[^#]+)#(?P<number>\d+)")  # as gis collect notes it
MAX_TRANSFERS = 10  # transfers in a row that are followed
NUMBER_LIMIT = 2**40  # above the number of any issue


@dataclass(frozen=True, kw_only=True)
class Issues:
    """Every issue of a store that still exists, ordered by repository and number.

    An issue is known by its position in these arrays, 0 to n - 1; a repository by its index, 0 to k - 1.

    Attributes:
        names: The repositories' names, by index.
        keys: (k,) the store's key of each repository.
        repository: (n,) repository index.
        number: (n,) number in the repository.
        created: (n,) seconds since 1970.
        closed: (n,) seconds since 1970; ``NOT_CLOSED`` while open.
        author: (n,) index of the author; ``NOBODY`` where unknown.
        closer: (n,) index of who closed it last; ``NOBODY`` where unknown.
        people: Index of a person by login.
        labels: Label indices of all issues, one issue after the other.
        label_starts: (n + 1,) where each issue's part of ``labels`` begins.
        label_names: Label name by label index.
        pull_requests: Repository index and number of each pull request, packed into one integer and sorted.
        moved: Where transferred issues are now, by repository index and old number.
    """

    names: RepositoryNames
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
        """Return the number of issues."""
        return len(self.number)

    def position(self, repository: int, number: int) -> int | None:
        """Return the position of an issue, or None where the store does not have it."""
        return _find(self._packed, repository, number)

    def is_pull_request(self, repository: int, number: int) -> bool:
        """Return whether the store knows a number as that of a pull request."""
        return _find(self.pull_requests, repository, number) is not None

    def name(self, position: int) -> str:
        """Return OWNER/NAME#N."""
        return f"{self.names.repositories[self.repository[position]]}#{self.number[position]}"

    def resolve(self, repository: int, reference: Reference) -> int | None:
        """Return the position of the issue that a reference typed in ``repository`` names.

        Transfers to another repository are followed.

        Returns:
            The position, or None for pull requests and for what was not collected.
        """
        index = self.names.index_of(reference, repository)
        for _ in range(MAX_TRANSFERS):
            if index is None:
                return None
            moved = self.moved.get((index, reference.number))
            if moved is None:
                return self.position(index, reference.number)
            index, reference = self.names.index_of(moved, index), moved
        return None

    def position_of_name(self, name: str) -> int | None:
        """Return the position of OWNER/NAME#N, or None where the store does not have it."""
        repository, _, number = name.partition("#")
        index = self.names.index_by_name.get(repository.lower())
        if index is None or not number.isdecimal():
            return None
        return self.resolve(index, Reference(None, int(number)))

    def label_codes(self, position: int) -> set[int]:
        """Return the indices of an issue's labels."""
        return set(self.labels[self.label_starts[position] : self.label_starts[position + 1]].tolist())

    def of_repository(self, repository: int) -> range:
        """Return the positions of a repository's issues."""
        return range(int(self._starts[repository]), int(self._starts[repository + 1]))

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.searchsorted(self.repository, np.arange(len(self.keys) + 1))

    @cached_property
    def _packed(self) -> NDArray[np.int64]:
        return _packed(self.repository.astype(np.int64), self.number)


def load_names(store: Store) -> tuple[RepositoryNames, tuple[int, ...]]:
    """Read the names of a store's repositories, and their keys by index."""
    repositories = store.rows("SELECT key, name FROM repositories ORDER BY name")
    index_by_key = {key: index for index, (key, _) in enumerate(repositories)}
    names = {name.lower(): index_by_key[key] for name, key in store.rows("SELECT name, repository FROM names")}
    return RepositoryNames(tuple(name for _, name in repositories), names, store.web_url), tuple(index_by_key)


def load_issues(store: Store) -> Issues:
    """Read all issues of a store, without their texts."""
    names, keys = load_names(store)
    index_by_key = {key: index for index, key in enumerate(keys)}
    pull_requests = [
        _packed(index_by_key[key], number)
        for key, number in store.stream("SELECT repository, number FROM pull_requests ORDER BY repository, number")
    ]
    moved = {
        (index_by_key[key], number): Reference(match["repository"], int(match["number"]))
        for key, number, gone in store.rows("SELECT repository, number, gone FROM issues WHERE gone IS NOT NULL")
        if (match := TRANSFERRED.fullmatch(gone))
    }
    columns, people, label_names = _read_columns(store, index_by_key)
    return Issues(
        names=names,
        keys=keys,
        repository=np.array(columns.repository, np.int32),
        number=np.array(columns.number, np.int64),
        created=np.array(columns.created, np.int64),
        closed=np.array(columns.closed, np.int64),
        author=np.array(columns.author, np.int32),
        closer=np.array(columns.closer, np.int32),
        people=people.codes,
        labels=np.array(columns.labels, np.int32),
        label_starts=np.array(columns.label_starts, np.int64),
        label_names=tuple(label_names.codes),
        pull_requests=np.sort(np.array(pull_requests, np.int64)),
        moved=moved,
    )


@dataclass
class _Columns:
    """The arrays of ``Issues`` while they grow."""

    repository: list[int] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    author: list[int] = field(default_factory=list)
    closer: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    label_starts: list[int] = field(default_factory=lambda: [0])


class _Codes:
    """Integers for names, in the order in which the names come."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def of(self, name: str | None) -> int:
        return NOBODY if name is None else self.codes.setdefault(name, len(self.codes))


def _read_columns(store: Store, index_by_key: Mapping[int, int]) -> tuple[_Columns, _Codes, _Codes]:
    """Read the issues, and number their people and labels."""
    columns, people, label_names = _Columns(), _Codes(), _Codes()
    for key, index in index_by_key.items():
        rows = store.stream(
            "SELECT number, created_at, closed_at, author, closed_by, labels FROM issues "
            "WHERE repository = ? AND gone IS NULL ORDER BY number",
            (key,),
        )
        for number, created_at, closed_at, author, closer, labels in rows:
            columns.repository.append(index)
            columns.number.append(number)
            columns.created.append(seconds(created_at))
            columns.closed.append(NOT_CLOSED if closed_at is None else seconds(closed_at))
            columns.author.append(people.of(author))
            columns.closer.append(people.of(closer))
            columns.labels += [label_names.of(name) for name in json.loads(labels)]
            columns.label_starts.append(len(columns.labels))
    return columns, people, label_names


def seconds(timestamp: str) -> int:
    """Return a time as GitHub writes it in seconds since 1970."""
    return int(datetime.fromisoformat(timestamp).timestamp())


def stamp(moment: int) -> str:
    """Return a time in seconds since 1970 as GitHub writes it."""
    return f"{datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()}Z"


def blocks(issues: Issues, size: int) -> Iterator[range]:
    """Divide the positions into runs of nearly equal length, at most ``size``, each within one repository."""
    for repository in range(len(issues.keys)):
        positions = issues.of_repository(repository)
        count = max(-(-len(positions) // size), 1)
        bounds = [positions.start + len(positions) * n // count for n in range(count + 1)]
        yield from (range(start, end) for start, end in pairwise(bounds))


def _packed(repository: "int | NDArray[np.int64]", number: "int | NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return repository index and number as one integer, which sorts by repository first."""
    return np.asarray(repository, np.int64) * NUMBER_LIMIT + number


def _find(packed: NDArray[np.int64], repository: int, number: int) -> int | None:
    """Return where an issue is in a sorted array of packed numbers; None where it is not."""
    if not 0 < number < NUMBER_LIMIT:
        return None
    target = _packed(repository, number)
    place = int(np.searchsorted(packed, target))
    return place if place < len(packed) and packed[place] == target else None
