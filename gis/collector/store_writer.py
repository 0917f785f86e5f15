"""Filling a store: by one process at a time, page by page, each page whole or not at all."""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from gis.collector.damage import DamagedStoreError, is_corrupt
from gis.collector.progress import Progress
from gis.collector.records import (
    Asked,
    Comment,
    Event,
    Issue,
    Page,
    PendingSuggestions,
    Reactions,
    Repository,
    Response,
    Usage,
    User,
)
from gis.collector.servers import is_same_server, web_url_of
from gis.collector.store import COMPLETE, CONFIRMATION, Store
from gis.collector.store_file import connect, locked, removed_if_empty
from gis.collector.store_rows import Row, comment_row, event_row, issue_row, login_of, suggestion_row, user_row
from gis.collector.store_schema import SCHEMA, create_store, upgrade
from gis.errors import GisError
from gis.files import make_folder
from gis.marker import MARKER_START

# Columns that keep their value if a source does not give one; the second group, if it gives no events.
KEPT_UNLESS_GIVEN = frozenset({"original_body"})
SUGGESTIBLE_DAYS = 30  # for which an open issue is asked for suggestions, before the newest issue
KEPT_WITHOUT_EVENTS = frozenset({"closed_by", "duplicate_repository", "duplicate_number", "gone"})
REVISION_STEP = 2**32  # at most: 2^31 revisions fit


class Confirmation(NamedTuple):
    """A run that asked what of a repository is still there.

    Attributes:
        run: Its key.
        repository: The repository's key.
        about: What it was, and how far it came.
    """

    run: int
    repository: int
    about: dict[str, Any]


class ConfirmedIssues(NamedTuple):
    """Issues of one repository that GitHub was asked for.

    Attributes:
        repository: The repository's key.
        run: The key of the run that they belong to; None begins one.
        asked: How many issues.
        fates: What became of those that changed, by number; None for one that is there again.
        about: What the run is, and how far it has come.
        complete: Whether they are the last ones of the repository.
    """

    repository: int
    run: int | None
    asked: int
    fates: Mapping[int, str | None]
    about: Mapping[str, Any]
    complete: bool


class StoreWriteError(GisError):
    """The store cannot be written: the disk is full, or the file is locked or damaged."""


def check_is_file(path: Path) -> None:
    """Check that what has the path of a store, if anything has, is a file.

    Raises:
        GisError: It is not.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device"
        raise GisError(f"{path} is {what}; a store is a file", remedy="choose another --store")


class StoreWriter(Store):
    """A store that is open to be filled, which one process at a time may do; ``StoreWriter.open`` opens it."""

    _server: str | None = None  # that of all that it holds, once that was checked

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open a store to fill it; make it if there is none, and give one of an older version what it lacks.

        Args:
            path: The SQLite file.

        Raises:
            GisError: Another process is filling it; or as for ``Store``.
        """
        path = path.resolve()  # one lock for one file, whatever name it is given
        check_is_file(path)
        make_folder(path.parent)
        is_new = not path.exists() or not path.stat().st_size
        with locked(path), removed_if_empty(path):
            create_store(path)
            store = cls.__new__(cls)
            store._open(path, connect, check=not is_new)
            store._connection.execute("PRAGMA journal_mode=WAL")
            store._connection.execute("PRAGMA synchronous=NORMAL")  # whole after any kill; a power cut costs last pages
            with store:
                if store._version < SCHEMA:
                    with store.transaction() as connection:
                        upgrade(connection, store._version)
                    store._version = SCHEMA
                yield store

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

    def begin(self, key: int, source: str, about: Mapping[str, Any]) -> int:
        """Record that a run begins; what it brings and costs is added page by page.

        Args:
            key: The repository's key.
            source: How the repository is read.
            about: What is needed to repeat the run: versions, queries, addresses.

        Returns:
            The run's key.
        """
        with self.transaction():
            return self._begin(key, source, about)

    def _begin(self, key: int, source: str, about: Mapping[str, Any]) -> int:
        cursor = self._connection.execute(
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
            self._record_changes(key, page.numbers)
            if progress is not None:
                connection.execute(
                    "UPDATE repositories SET checkpoint = ? WHERE key = ?", (json.dumps(progress.to_json()), key)
                )
            connection.execute(
                "UPDATE runs SET issues = issues + ?, comments = comments + ?, points = points + ?, "
                "requests = requests + ?, ended = ? WHERE key = ?",
                (len(page.issues), page.comment_count, *page.usage, _now(), run),
            )

    def write_responses(self, key: int, run: int, responses: Sequence[Response], usage: Usage) -> None:
        """Write what people answered to suggestions; one to close an issue is kept when it no longer waits for that.

        Args:
            key: The repository's key.
            run: The run's key.
            responses: What a source brought.
            usage: What that cost.
        """
        with self.transaction() as connection:
            for response in responses:
                if isinstance(response, Reactions):
                    connection.execute("INSERT OR REPLACE INTO reactions VALUES (?, ?, ?, ?, ?)", (key, *response))
                else:
                    self._write_suggestions(key, response)
            connection.execute(
                "UPDATE runs SET points = points + ?, requests = requests + ? WHERE key = ?", (*usage, run)
            )

    def _write_suggestions(self, key: int, pending: PendingSuggestions) -> None:
        self._connection.execute(
            "UPDATE suggestions SET pending = 0 WHERE repository = ? AND number = ?", (key, pending.number)
        )
        rows = [suggestion_row(key, pending.number, suggestion) for suggestion in pending.suggestions]
        self._insert("INSERT OR REPLACE", "suggestions", rows)
        self._write_users(suggestion.actor for suggestion in pending.suggestions)

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

    def check_server(self, server: str) -> None:
        """Make sure that the store holds issues of one server only.

        Args:
            server: Address of the server whose issues are to be stored.

        Raises:
            GisError: An earlier run names another server.
        """
        if server == self._server:  # of each of many repositories
            return
        others = [address for address in self._servers() if not is_same_server(address, server)]
        if others:
            raise GisError(
                f"{self.path} holds issues of {web_url_of(others[-1])}, and these are of {web_url_of(server)}",
                remedy="choose another --store",
            )
        self._server = server

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

    def suggesting_comments(self, key: int) -> list[Asked]:
        """Return the comments of a repository that look like those of ``gis find``."""
        query = (
            "SELECT number, id, node_id FROM comments WHERE repository = ? AND substr(body, 1, ?) = ? AND node_id != ''"
        )
        return list(map(Asked._make, self.rows(query, (key, len(MARKER_START), MARKER_START))))

    def suggestible_issues(self, key: int) -> list[Asked]:
        """Return the issues of a repository on which somebody may have suggested lately to close them."""
        query = (
            "SELECT number, id, node_id FROM issues WHERE repository = :key AND gone IS NULL "
            "AND node_id != '' AND (number IN "
            "(SELECT number FROM suggestions WHERE repository = :key AND pending) OR state = 'open' "
            "AND julianday(created_at) >= "
            "(SELECT max(julianday(created_at)) FROM issues WHERE repository = :key) - :days)"
        )
        return list(map(Asked._make, self.rows(query, {"key": key, "days": SUGGESTIBLE_DAYS})))

    def forget_left_out(self, key: int) -> None:
        """Forget what was left out of a repository, since a walk begins that reads everything again."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM quarantine WHERE repository = ?", (key,))

    def mark_removed(self, key: int, run: int, number: int, fate: str) -> None:
        """Note that an issue was removed, and what became of it; what was fetched of it is kept."""
        with self.transaction() as connection:
            connection.execute("UPDATE issues SET gone = ? WHERE repository = ? AND number = ?", (fate, key, number))
            connection.execute("UPDATE runs SET gone = gone + 1 WHERE key = ?", (run,))
            self._record_changes(key, {number})

    def last_confirmation(self) -> Confirmation | None:
        """Return the last run that asked what is still there; None before the first.

        Raises:
            DamagedStoreError: It does not say how far it came.
        """
        query = "SELECT key, repository, about FROM runs WHERE source = ? ORDER BY key DESC LIMIT 1"
        for run, repository, text in self.rows(query, (CONFIRMATION,)):
            about = json.loads(text)
            if not isinstance(about, dict) or not isinstance(about.get("after"), int):
                raise DamagedStoreError(self.path, f"table runs, key {run}: how far it came")
            return Confirmation(run, repository, about)
        return None

    def write_confirmed(self, parts: Sequence[ConfirmedIssues], usage: Usage) -> int:
        """Write what became of issues, and how far the runs that asked have come with them: both or neither.

        Args:
            parts: The issues, by repository.
            usage: What asking cost; it counts for the last repository.

        Returns:
            The key of the last run.
        """
        run = 0
        with self.transaction() as connection:
            for part in parts:
                run = part.run or self._begin(part.repository, CONFIRMATION, part.about)
                connection.executemany(
                    "UPDATE issues SET gone = ? WHERE repository = ? AND number = ?",
                    [(fate, part.repository, number) for number, fate in part.fates.items()],
                )
                self._record_changes(part.repository, part.fates.keys())
                connection.execute(
                    "UPDATE runs SET issues = issues + ?, gone = gone + ?, about = ?, ended = ?, "
                    "outcome = CASE WHEN ? THEN ? ELSE outcome END WHERE key = ?",
                    (
                        part.asked,
                        sum(fate is not None for fate in part.fates.values()),
                        json.dumps(part.about),
                        _now(),
                        part.complete,
                        COMPLETE,
                        run,
                    ),
                )
            connection.execute(
                "UPDATE runs SET points = points + ?, requests = requests + ? WHERE key = ?", (*usage, run)
            )
        return run

    def _record_changes(self, key: int, numbers: Set[int]) -> None:
        """Note which issues a transaction writes, under a revision above all others.

        It grows by a random step, so that no other store, not even a copy that was filled by itself, has the same one.
        """
        revision = (self.revision or 0) + 1 + secrets.randbelow(REVISION_STEP)
        rows = [(revision, key, number) for number in sorted(numbers)]
        self._connection.executemany("INSERT INTO changes VALUES (?, ?, ?)", rows)

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
