"""The local store: one SQLite file with GitHub's raw answers and the tables derived from them."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from gis.collector.damage import DamagedStoreError, check_rows, damage_named, is_corrupt, opening_named
from gis.collector.progress import Progress
from gis.collector.records import Comment, Event, Issue, LeftOut, Page, Repository, Usage, User
from gis.collector.servers import GITHUB, is_same_server, web_url_of
from gis.collector.store_file import connect, locked, open_for_reading, removed_if_empty
from gis.collector.store_rows import Row, comment_row, event_row, issue_row, login_of, user_row
from gis.collector.store_schema import SCHEMA, WITHOUT_SUMS, add_sums, check_store, create_store
from gis.errors import GisError
from gis.files import make_folder

COMPLETE, STOPPED = "complete", "stopped"  # outcomes of a run that came to its end, and of one that was interrupted
# Columns that keep their value if a source does not give one; the second group, if it gives no events.
KEPT_UNLESS_GIVEN = frozenset({"original_body"})
KEPT_WITHOUT_EVENTS = frozenset({"closed_by", "duplicate_repository", "duplicate_number", "gone"})

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
  (SELECT outcome FROM runs AS u WHERE u.repository = r.key ORDER BY u.key DESC LIMIT 1) IS :complete AS complete,
  (SELECT coalesce(sum(points), 0) FROM runs AS u WHERE u.repository = r.key) AS points,
  (SELECT coalesce(sum(requests), 0) FROM runs AS u WHERE u.repository = r.key) AS requests
FROM repositories AS r ORDER BY r.name
"""
RUNS = """
SELECT r.name AS repository, u.source, u.about, u.started, u.ended, u.outcome, u.issues, u.comments, u.gone, u.points,
  u.requests
FROM runs AS u JOIN repositories AS r ON r.key = u.repository ORDER BY u.key
"""


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


class StoreWriteError(GisError):
    """The store cannot be written: the disk is full, or the file is locked or damaged."""


class Store:
    """A store, opened for reading. ``Store.writing`` opens one to be filled, which one process at a time may do.

    Whoever reads sees the store as it was when it was opened, whatever another process adds in the meantime.

    Args:
        path: The SQLite file; it need not be writable.
        check: Whether to check all that it holds first, which takes about a second for 200 MB.

    Raises:
        GisError: The file does not exist, is not a store, or was written by a newer version.
        DamagedStoreError: Something in it is damaged.
    """

    def __init__(self, path: Path, *, check: bool = True) -> None:
        self._open(path, open_for_reading, check=check)

    def _open(self, path: Path, opened: Callable[[Path], sqlite3.Connection], *, check: bool) -> None:
        if not path.is_file():
            raise GisError(
                f"there is no store at {path}", remedy=f"fill one with gis collect --repo OWNER/NAME --store {path}"
            )
        self.path = path
        with opening_named(path), ExitStack() as at_failure:
            self._connection = at_failure.enter_context(closing(opened(path)))
            self._version = check_store(self._connection, path)
            if check:
                self.check()
            at_failure.pop_all()

    @classmethod
    @contextmanager
    def writing(cls, path: Path) -> Iterator[Self]:
        """Open a store to fill it; make it if there is none, and give one of an older version checksums.

        Args:
            path: The SQLite file.

        Raises:
            GisError: Another process is filling it; or as for ``Store``.
        """
        path = path.resolve()  # one lock for one file, whatever name it is given
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "a device"
            raise GisError(f"{path} is {what}; a store is a file", remedy="choose another --store")
        make_folder(path.parent)
        is_new = not path.exists() or not path.stat().st_size
        with locked(path), removed_if_empty(path):
            create_store(path)
            store = cls.__new__(cls)
            store._open(path, connect, check=not is_new)
            store._connection.execute("PRAGMA journal_mode=WAL")
            store._connection.execute("PRAGMA synchronous=NORMAL")  # whole after any kill; a power cut costs last pages
            with store:
                if store._version == WITHOUT_SUMS:
                    with store.transaction() as connection:
                        add_sums(connection)
                    store._version = SCHEMA
                yield store

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the store, for use in a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def repository(self, repository: Repository, source: str) -> int:
        """Return the key of a repository, adding it if it is new; GitHub's number identifies it through renames."""
        with self.transaction() as connection:
            key = self._key_of(repository)
            if key is None:
                key = connection.execute(
                    "INSERT INTO repositories (name, id, source) VALUES (?, ?, ?)",
                    (repository.name, repository.id, source),
                ).lastrowid
            connection.execute(
                "UPDATE repositories SET name = ?, id = max(id, ?) WHERE key = ?", (repository.name, repository.id, key)
            )
            for name in (repository.name, repository.requested_name):
                connection.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (name, key))
        return int(key or 0)

    def _key_of(self, repository: Repository) -> int | None:
        by_id = "SELECT key FROM repositories WHERE id = ? AND id != 0"
        by_name = (  # unless the name belongs to another repository by now
            "SELECT r.key FROM names AS n JOIN repositories AS r ON r.key = n.repository "
            "WHERE n.name = ? AND (r.id = 0 OR ? = 0)"
        )
        for query, parameters in ((by_id, (repository.id,)), (by_name, (repository.name, repository.id))):
            if row := self._connection.execute(query, parameters).fetchone():
                return int(row[0])
        return None

    def progress(self, key: int) -> Progress | None:
        """Return how far the collection of a repository has come; None before its first page."""
        ((text,),) = self.rows("SELECT checkpoint FROM repositories WHERE key = ?", (key,))
        if text is None:
            return None
        try:
            return Progress.from_json(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedStoreError(self.path, f"table repositories, key {key}: the resume point") from error

    def begin(self, key: int, source: str, about: Mapping[str, Any]) -> int:
        """Record that a run begins; what it brings and costs is added page by page.

        Args:
            key: The repository's key.
            source: How the repository is read.
            about: What is needed to repeat the run: versions, queries, addresses.

        Returns:
            The run's key.
        """
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (repository, source, about, started, ended) VALUES (?, ?, ?, ?, ?)",
                (key, source, json.dumps(about), _now(), _now()),
            )
        return int(cursor.lastrowid or 0)

    def write(self, key: int, run: int, page: Page, progress: Progress | None = None) -> None:
        """Write a page and how far the collection has come with it: both or neither.

        Args:
            key: The repository's key.
            run: The run's key.
            page: What a source brought. Issues that are stored already are replaced.
            progress: Where to continue after the page; None leaves it as it was.
        """
        with self.transaction() as connection:
            connection.executemany(
                "DELETE FROM quarantine WHERE repository = ? AND number = ?",
                [(key, issue.number) for issue in page.issues],
            )
            users = [user for issue in page.issues for user in self._write_issue(key, issue)]
            users += self._write_comments(key, page.comments)
            for number, event in page.events:
                self._append_event(key, number, event)
                users.append(event.actor)
            self._write_users(users)
            connection.executemany(
                "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?)", [(key, *item) for item in page.left_out]
            )
            connection.executemany(
                "INSERT OR IGNORE INTO pull_requests VALUES (?, ?)", [(key, number) for number in page.pull_requests]
            )
            if progress is not None:
                connection.execute(
                    "UPDATE repositories SET checkpoint = ? WHERE key = ?", (json.dumps(progress.to_json()), key)
                )
            connection.execute(
                "UPDATE runs SET issues = issues + ?, comments = comments + ?, points = points + ?, "
                "requests = requests + ?, ended = ? WHERE key = ?",
                (len(page.issues), page.comment_count, *page.usage, _now(), run),
            )

    def end(self, run: int, outcome: str, about: Mapping[str, Any], usage: Usage) -> None:
        """Record how a run ended.

        Args:
            run: The run's key.
            outcome: ``COMPLETE``, ``STOPPED`` or the error.
            about: As for ``begin``, as it was in the end.
            usage: What the run spent since its last page.
        """
        with self.transaction() as connection:
            connection.execute(
                "UPDATE runs SET outcome = ?, about = ?, points = points + ?, requests = requests + ?, ended = ? "
                "WHERE key = ?",
                (outcome, json.dumps(about), *usage, _now(), run),
            )

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

    def check_server(self, server: str) -> None:
        """Make sure that the store holds issues of one server only.

        Args:
            server: Address of the server whose issues are to be stored.

        Raises:
            GisError: An earlier run names another server.
        """
        others = [address for address in self._servers() if not is_same_server(address, server)]
        if others:
            raise GisError(
                f"{self.path} holds issues of {web_url_of(others[-1])}, and these are of {web_url_of(server)}",
                remedy="choose another --store",
            )

    def _servers(self) -> list[str]:
        """Return the server of each run that names one, oldest first."""
        return [run["about"]["server"] for run in self.runs() if "server" in run["about"]]

    def count(self, key: int) -> int:
        """Return the number of issues of a repository, without the removed ones."""
        query = "SELECT count(*) FROM issues WHERE repository = ? AND gone IS NULL"
        return int(self._connection.execute(query, (key,)).fetchone()[0])

    def missing_from(self, key: int, listing: Iterable[Sequence[int]]) -> list[int]:
        """Return the numbers of stored issues that no part of ``listing`` has, ascending; removed ones are left out."""
        execute, executemany = self._connection.execute, self._connection.executemany
        execute("CREATE TEMP TABLE listed (number INTEGER PRIMARY KEY)")  # on disk: there may be millions
        try:
            for numbers in listing:
                executemany("INSERT OR IGNORE INTO listed VALUES (?)", [(number,) for number in numbers])
            missing = execute(
                "SELECT number FROM issues WHERE repository = ? AND gone IS NULL AND number NOT IN listed "
                "ORDER BY number",
                (key,),
            )
            return [number for (number,) in missing]
        finally:
            execute("DROP TABLE listed")

    def forget_left_out(self, key: int) -> None:
        """Forget what was left out of a repository, since a walk begins that reads everything again."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM quarantine WHERE repository = ?", (key,))

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

    def mark_removed(self, key: int, run: int, number: int, fate: str) -> None:
        """Note that an issue was removed, and what became of it; what was fetched of it is kept."""
        with self.transaction() as connection:
            connection.execute("UPDATE issues SET gone = ? WHERE repository = ? AND number = ?", (fate, key, number))
            connection.execute("UPDATE runs SET gone = gone + 1 WHERE key = ?", (run,))

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
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

    def status(self) -> list[RepositoryStatus]:
        """Return what the store holds of each repository, in the order of their names."""
        rows = self._named_rows(STATUS, {"complete": COMPLETE})
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

    def _write_issue(self, key: int, issue: Issue) -> Iterable[User | None]:
        """Replace an issue with its comments and events, if the source gives them, and return whom they name.

        An older state changes nothing.
        """
        row = issue_row(key, issue)
        kept = KEPT_UNLESS_GIVEN if issue.events is not None else KEPT_UNLESS_GIVEN | KEPT_WITHOUT_EVENTS
        changes = ", ".join(
            f"{name} = coalesce(excluded.{name}, {name})" if name in kept else f"{name} = excluded.{name}"
            for name in row
        )
        written = self._insert(
            "INSERT", "issues", [row], f"ON CONFLICT DO UPDATE SET {changes} WHERE excluded.updated_at >= updated_at"
        )
        if not written:  # what is stored is newer, as from an older dump
            return ()
        users = [issue.author, issue.closed_by]
        self._connection.execute(
            "INSERT OR REPLACE INTO raw VALUES (?, ?, ?)",
            (key, issue.number, issue.raw),
        )
        if issue.comments is not None:
            self._delete("comments", key, issue.number)
            users += self._write_comments(key, [(issue.number, comment) for comment in issue.comments])
        if issue.events is not None:
            self._delete("events", key, issue.number)
            events = enumerate(issue.events)
            self._insert(
                "INSERT", "events", [{**event_row(key, issue.number, event), "position": n} for n, event in events]
            )
            users += [event.actor for event in issue.events]
        return users

    def _write_comments(self, key: int, comments: Sequence[tuple[int, Comment]]) -> Iterable[User | None]:
        """Add or replace comments, each with the number of its issue, and return their authors."""
        self._insert("INSERT OR REPLACE", "comments", [comment_row(key, *comment) for comment in comments])
        return [comment.author for _, comment in comments]

    def _append_event(self, key: int, number: int, event: Event) -> None:
        """Add an event after the others of its issue, unless it is stored already."""
        row = event_row(key, number, event)
        stored = self._connection.execute(
            "SELECT 1 FROM events WHERE repository = :repository AND number = :number AND (id = :id "
            "OR kind = :kind AND created_at = :created_at AND actor IS :actor "
            "AND target_repository IS :target_repository AND target_number IS :target_number "
            "AND target_pull_request IS :target_pull_request)",
            row,
        ).fetchone()
        if event.kind == "closed":  # lists of issues do not name who closed them
            self._connection.execute(
                "UPDATE issues SET closed_by = ? WHERE repository = ? AND number = ? AND closed_by IS NULL "
                "AND closed_at = ?",
                (login_of(event.actor), key, number, event.created_at),
            )
        if stored is None:
            (position,) = self._connection.execute(
                "SELECT coalesce(max(position) + 1, 0) FROM events WHERE repository = ? AND number = ?", (key, number)
            ).fetchone()
            self._insert("INSERT", "events", [{**row, "position": position}])

    def _write_users(self, users: Iterable[User | None]) -> None:
        self._insert(
            "INSERT",
            "users",
            [user_row(user) for user in dict.fromkeys(users) if user is not None],
            "ON CONFLICT (login) DO UPDATE SET "
            "id = coalesce(excluded.id, id), site_admin = coalesce(excluded.site_admin, site_admin)",
        )

    def _insert(self, verb: str, table: str, rows: Sequence[Row], conflict: str = "") -> int:
        """Insert rows that all have the same columns, and return how many were written."""
        if not rows:
            return 0
        names, values = ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0])
        query = f"{verb} INTO {table} ({names}) VALUES ({values}) {conflict}"
        return self._connection.executemany(query, rows).rowcount

    def _delete(self, table: str, key: int, number: int) -> None:
        self._connection.execute(f"DELETE FROM {table} WHERE repository = ? AND number = ?", (key, number))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all that the block writes, or nothing of it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # a full disk may have ended it
                self._connection.execute("ROLLBACK")
            mistakes = sqlite3.IntegrityError | sqlite3.ProgrammingError  # ours, not the disk's
            if is_corrupt(error):
                raise DamagedStoreError(self.path, error) from error
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, mistakes):
                room = "make room; " if "full" in str(error) else ""
                raise StoreWriteError(
                    f"{self.path} cannot be written: {error}", remedy=f"{room}the same command then continues"
                ) from error
            raise


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
