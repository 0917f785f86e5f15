"""The local store, read: one SQLite file with GitHub's raw answers and the tables derived from them."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from gis.collector.damage import DamagedStoreError, check_issues, check_rows, damage_named, opening_named
from gis.collector.progress import Progress
from gis.collector.records import LeftOut
from gis.collector.servers import GITHUB, web_url_of
from gis.collector.store_file import open_for_reading
from gis.collector.store_schema import WITHOUT_CHANGES, WITHOUT_RESPONSES, WITHOUT_SUMS, check_store
from gis.errors import GisError

CONFIRMATION = "confirm"  # the source of a run that asks what is still there, and brings nothing
COMPLETE, STOPPED = "complete", "stopped"  # outcomes of a run that came to its end, and of one that was interrupted
STATUS = """
SELECT r.name AS name,
  (SELECT count(*) FROM issues AS i WHERE i.repository = r.key AND gone IS NULL) AS issues,
  (SELECT count(*) FROM issues AS i WHERE i.repository = r.key AND gone IS NOT NULL) AS removed,
  (SELECT count(*) FROM comments AS c WHERE c.repository = r.key) AS comments,
  (SELECT count(*) FROM pull_requests AS p WHERE p.repository = r.key) AS pull_requests,
  (SELECT count(*) FROM issues AS i WHERE i.repository = r.key AND (duplicate_number IS NOT NULL
    OR state_reason = 'duplicate' OR EXISTS (SELECT 1 FROM events AS e WHERE e.repository = r.key
    AND e.number = i.number AND kind = 'marked_as_duplicate' AND NOT EXISTS (SELECT 1 FROM events AS u
    WHERE u.repository = r.key AND u.number = i.number AND u.kind = 'unmarked_as_duplicate'
    AND u.created_at >= e.created_at)))) AS marked_duplicates,
  (SELECT max(updated_at) FROM issues AS i WHERE i.repository = r.key) AS last_update,
  (SELECT outcome FROM runs AS u WHERE u.repository = r.key AND u.source != :confirmation
    ORDER BY u.key DESC LIMIT 1) IS :complete AS complete,
  (SELECT coalesce(sum(points), 0) FROM runs AS u WHERE u.repository = r.key) AS points,
  (SELECT coalesce(sum(requests), 0) FROM runs AS u WHERE u.repository = r.key) AS requests
FROM repositories AS r ORDER BY r.name
"""
RUNS = """
SELECT r.name AS repository, u.source, u.about, u.started, u.ended, u.outcome, u.issues, u.comments, u.gone, u.points,
  u.requests
FROM runs AS u JOIN repositories AS r ON r.key = u.repository ORDER BY u.key
"""
# What a store held at a time: what was opened, said and done before it. Renames stay, as they tell the first title.
AS_OF = (
    """CREATE TEMP VIEW issues AS SELECT repository, number, id, node_id, title, body,
  CASE WHEN closed_at < {time} THEN state ELSE 'open' END AS state,
  CASE WHEN closed_at < {time} THEN state_reason END AS state_reason,
  locked, author, association, labels, comment_count, created_at, min(updated_at, {time}) AS updated_at,
  CASE WHEN closed_at < {time} THEN closed_at END AS closed_at,
  CASE WHEN closed_at < {time} THEN closed_by END AS closed_by,
  CASE WHEN closed_at < {time} THEN duplicate_repository END AS duplicate_repository,
  CASE WHEN closed_at < {time} THEN duplicate_number END AS duplicate_number,
  original_body, gone FROM main.issues WHERE created_at < {time}""",
    "CREATE TEMP VIEW comments AS SELECT * FROM main.comments WHERE created_at < {time}",
    "CREATE TEMP VIEW events AS SELECT * FROM main.events WHERE created_at < {time} OR kind = 'renamed'",
)


def check_exists(path: Path) -> None:
    """Check that there is a file.

    Raises:
        GisError: There is none.
    """
    if not path.is_file():
        raise GisError(
            f"there is no store at {path}", remedy=f"fill one with gis collect --repo OWNER/NAME --store {path}"
        )


@dataclass(frozen=True, kw_only=True)
class RepositoryStatus:
    """What the store holds of a repository.

    Attributes:
        name: OWNER/NAME.
        issues: Issues that the repository lists.
        removed: Issues that were deleted, moved or hidden after they were fetched.
        comments: Comments.
        pull_requests: Numbers that are known to be pull requests.
        marked_duplicates: Issues that GitHub's own data marks as duplicates; what comments say is not counted.
        last_update: The time of the newest change that is stored; None before the first issue.
        complete: Whether the last run reached its end.
        left_out: Issues, comments and events that could not be read.
        points: Points spent so far.
        requests: Requests made so far.
    """

    name: str
    issues: int
    removed: int
    comments: int
    pull_requests: int
    marked_duplicates: int
    last_update: str | None
    complete: bool
    left_out: int
    points: int
    requests: int


class Store:
    """A store, opened for reading; a ``StoreWriter`` fills it.

    Whoever reads sees the store as it was when it was opened, whatever another process adds in the meantime.

    Args:
        path: The SQLite file; it need not be writable.
        check: Whether to check all that it holds first, which takes about a second for 200 MB.
        until: Read it as it was at this time: no later issue, comment, event or close. Texts and
            labels are those of today, as the store does not say when they were changed.

    Raises:
        GisError: The file does not exist, is not a store, or was written by a newer version.
        DamagedStoreError: Something in it is damaged.
    """

    def __init__(self, path: Path, *, check: bool = True, until: datetime | None = None) -> None:
        self._open(path, open_for_reading, check=check)
        if until is not None:
            time = f"'{until.astimezone(UTC).isoformat(timespec='seconds').replace('+00:00', 'Z')}'"
            for statement in AS_OF:
                self._connection.execute(statement.format(time=time))

    def _open(self, path: Path, opened: Callable[[Path], sqlite3.Connection], *, check: bool) -> None:
        check_exists(path)
        self.path = path
        with opening_named(path), ExitStack() as at_failure:
            self._connection = at_failure.enter_context(closing(opened(path)))
            self._version = check_store(self._connection, path)
            if check:
                self.check()
            at_failure.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the store, for use in a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def progress(self, key: int) -> Progress | None:
        """Return how far the collection of a repository has come; None before its first page."""
        ((text,),) = self.rows("SELECT checkpoint FROM repositories WHERE key = ?", (key,))
        if text is None:
            return None
        try:
            return Progress.from_json(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedStoreError(self.path, f"table repositories, key {key}: the resume point") from error

    def runs(self) -> list[dict[str, Any]]:
        """Return every run: its repository, versions, queries, times, outcome, counts and costs, oldest first."""
        try:
            return [{**row, "about": json.loads(row["about"])} for row in self._named_rows(RUNS)]
        except (TypeError, ValueError) as error:
            raise DamagedStoreError(self.path, "table runs: what a run was") from error

    @property
    def web_url(self) -> str:
        """The address of the server whose issues these are, for links: "https://github.com" or an Enterprise host.

        It is the server that the runs name; where none does, as with some dumps, github.com.
        """
        servers = self._servers()
        return web_url_of(servers[-1]) if servers else GITHUB

    def _servers(self) -> list[str]:
        """Return the server of each run that names one, oldest first."""
        return [run["about"]["server"] for run in self.runs() if "server" in run["about"]]

    def count(self, key: int) -> int:
        """Return the number of issues of a repository, without the removed ones."""
        query = "SELECT count(*) FROM issues WHERE repository = ? AND gone IS NULL"
        return int(self._connection.execute(query, (key,)).fetchone()[0])

    @property
    def has_responses(self) -> bool:
        """Whether it can hold what people answered to suggestions of duplicates, which older versions cannot."""
        return self._version > WITHOUT_RESPONSES

    @property
    def revision(self) -> int | None:
        """The number of the last change; None where none was recorded, as in stores of older versions."""
        if self._version <= WITHOUT_CHANGES:
            return None
        ((revision,),) = self.rows("SELECT max(revision) FROM changes")
        return None if revision is None else int(revision)

    def changed_since(self, revision: int) -> list[tuple[int, int]] | None:
        """Return the issues that were written after a revision, each as a repository's key and a number.

        Returns:
            The issues in order; None where the store does not know the revision, so that any may have changed.
        """
        if self.revision is None or not self.rows("SELECT 1 FROM changes WHERE revision = ? LIMIT 1", (revision,)):
            return None
        rows = self.rows(
            "SELECT DISTINCT repository, number FROM changes WHERE revision > ? ORDER BY repository, number",
            (revision,),
        )
        return [(int(key), int(number)) for key, number in rows]

    def left_out(self) -> dict[str, list[LeftOut]]:
        """Return what could not be read, by repository and number."""
        left_out: dict[str, list[LeftOut]] = {}
        if self.rows("SELECT 1 FROM sqlite_master WHERE name = 'quarantine'"):
            query = (
                "SELECT r.name, q.number, q.place, q.field, q.reason FROM quarantine AS q "
                "JOIN repositories AS r ON r.key = q.repository ORDER BY r.name, q.number, q.place"
            )
            for name, *item in self.stream(query):
                left_out.setdefault(name, []).append(LeftOut(*item))
        return left_out

    def rows(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with damage_named(self.path, query):
            return self._connection.execute(query, parameters).fetchall()

    def stream(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query one by one: there may be millions."""
        with damage_named(self.path, query):
            yield from self._connection.execute(query, parameters)

    def check(self) -> None:
        """Check all that the store holds.

        Raises:
            DamagedStoreError: Something in it is damaged.
        """
        check_rows(self._connection, self.path, has_sums=self._version > WITHOUT_SUMS)

    def check_issues(self, issues: Iterable[tuple[int, int]]) -> None:
        """Check what the store holds of some issues, each given by its repository's key and its number.

        Raises:
            DamagedStoreError: Something of it is damaged.
        """
        check_issues(self._connection, self.path, issues, has_sums=self._version > WITHOUT_SUMS)

    def status(self) -> list[RepositoryStatus]:
        """Return what the store holds of each repository, in the order of their names."""
        rows = self._named_rows(STATUS, {"complete": COMPLETE, "confirmation": CONFIRMATION})
        if not all(isinstance(row[name] or "", str) for row in rows for name in ("name", "last_update")):
            raise DamagedStoreError(self.path, "table repositories or issues: a name or a time")
        left_out = self.left_out()
        return [
            RepositoryStatus(
                **{**row, "complete": bool(row["complete"]), "left_out": len(left_out.get(row["name"], ()))}
            )
            for row in rows
        ]

    def _named_rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        with damage_named(self.path, query):
            cursor = self._connection.execute(query, parameters or {})
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
