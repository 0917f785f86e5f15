"""Single issues of a store, read when they are asked for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.names import RepositoryNames
from gis.dataset.issues.table import MAX_TRANSFERS, TRANSFERRED, load_names, seconds, stamp

DAY, LAST = 86_400, 253_402_300_799  # seconds: of a day, and until the year 9999 ends


@dataclass(frozen=True, kw_only=True)
class StoredIssue:
    """An issue, as the store has it.

    Attributes:
        repository: OWNER/NAME.
        number: Its number there.
        created: When it was opened, in seconds since 1970.
        author: Who opened it; None where nobody is known.
        is_open: Whether it is open.
        labels: Its labels.
        association: What its author is to the repository, as GitHub writes it.
        is_of_bot: Whether GitHub calls its author a bot.
    """

    repository: str
    number: int
    created: int
    author: str | None
    is_open: bool
    labels: tuple[str, ...]
    association: str
    is_of_bot: bool

    @property
    def name(self) -> str:
        """OWNER/NAME#N."""
        return f"{self.repository}#{self.number}"


class StoredIssues:
    """The issues of a store.

    Args:
        store: The store; what is read of it is checked.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names, self._keys = load_names(store)

    @property
    def names(self) -> RepositoryNames:
        """The names of its repositories."""
        return self._names

    def find(self, repository: str, number: int) -> StoredIssue | None:
        """Return an issue, where it is now if it was transferred; None where the store does not have it.

        Raises:
            DamagedStoreError: What the store has of it is damaged.
        """
        index = self._names.index_by_name.get(repository.lower())
        for _ in range(MAX_TRANSFERS):
            rows = [] if index is None else self._rows(index, number)
            if index is None or not rows:
                return None
            ((author, created, closed, gone, labels, association, kind),) = rows
            if gone is None:
                return StoredIssue(
                    repository=self._names.repositories[index],
                    number=number,
                    created=seconds(created),
                    author=author,
                    is_open=closed is None,
                    labels=tuple(json.loads(labels)),
                    association=association,
                    is_of_bot=kind == "Bot",
                )
            if (match := TRANSFERRED.fullmatch(gone)) is None:
                return None
            number = int(match["number"])
            index = self._names.index_of(Reference(match["repository"], number), index)
        return None

    def since(self, moment: int) -> Iterator[str]:
        """Yield the names of the issues that were opened since a time, in seconds since 1970, the oldest first."""
        name_of = dict(zip(self._keys, self._names.repositories, strict=True))
        day = stamp(min(max(moment - DAY, 0), LAST))[:10]  # whatever the zone of a time
        rows = self._store.rows(
            "SELECT created_at, repository, number FROM issues WHERE gone IS NULL AND substr(created_at, 1, 10) >= ?",
            (day,),
        )
        recent = [(seconds(created), key, number) for created, key, number in rows]
        for created, key, number in sorted(recent, key=lambda row: (row[0], name_of[row[1]], row[2])):
            if created >= moment:
                yield f"{name_of[key]}#{number}"

    def _rows(self, index: int, number: int) -> list[tuple[Any, ...]]:
        key = self._keys[index]
        self._store.check_issues([(key, number)])
        return self._store.rows(
            "SELECT author, created_at, closed_at, gone, labels, association, type FROM issues "
            "LEFT JOIN users ON login = author WHERE repository = ? AND number = ?",
            (key, number),
        )
