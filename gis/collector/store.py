"""The local store: one SQLite file, raw answers and the tables made of them, a page and its checkpoint at once."""

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from gis.collector.records import Comment, Event, Issue, Page, Repository, User
from gis.errors import GisError

SCHEMA = 1
GITHUB = "https://github.com"
COMPLETE = "complete"  # the outcome of a run that came to its end
TABLES = """
CREATE TABLE meta (schema INTEGER NOT NULL, created_by TEXT NOT NULL);
CREATE TABLE repositories (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL, id INTEGER NOT NULL, source TEXT NOT NULL,
    checkpoint TEXT
);
CREATE TABLE runs (
    key INTEGER PRIMARY KEY, repository INTEGER NOT NULL REFERENCES repositories(key), source TEXT NOT NULL,
    about TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT 'killed',
    issues INTEGER NOT NULL DEFAULT 0, comments INTEGER NOT NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0,
    points INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE names (name TEXT PRIMARY KEY COLLATE NOCASE, repository INTEGER NOT NULL REFERENCES repositories(key));
CREATE TABLE issues (
    repository INTEGER NOT NULL, number INTEGER NOT NULL, id INTEGER NOT NULL, node_id TEXT NOT NULL,
    title TEXT NOT NULL, body TEXT, state TEXT NOT NULL, state_reason TEXT, locked INTEGER NOT NULL,
    author TEXT, association TEXT NOT NULL, labels TEXT NOT NULL, comment_count INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT, closed_by TEXT,
    duplicate_repository TEXT, duplicate_number INTEGER, original_body TEXT, gone TEXT,
    PRIMARY KEY (repository, number)
) WITHOUT ROWID;
CREATE TABLE comments (
    repository INTEGER NOT NULL, number INTEGER NOT NULL, id INTEGER NOT NULL, node_id TEXT NOT NULL, author TEXT,
    association TEXT NOT NULL, body TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, via_app TEXT,
    PRIMARY KEY (repository, number, id)
) WITHOUT ROWID;
CREATE TABLE events (
    repository INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    created_at TEXT NOT NULL, actor TEXT, target_repository TEXT, target_number INTEGER, target_pull_request INTEGER,
    detail TEXT, id TEXT,
    PRIMARY KEY (repository, number, position)
) WITHOUT ROWID;
CREATE TABLE users (login TEXT PRIMARY KEY, id INTEGER, type TEXT NOT NULL, site_admin INTEGER) WITHOUT ROWID;
CREATE TABLE pull_requests (
    repository INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (repository, number)
) WITHOUT ROWID;
CREATE TABLE raw (
    repository INTEGER NOT NULL, number INTEGER NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (repository, number)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class RepositoryStatus:
    """What the store holds of a repository.

    Attributes:
        name: OWNER/NAME.
        issues: Issues that are there today.
        gone: Issues that vanished or moved since they were fetched.
        comments: Comments.
        pull_requests: Numbers known to be pull requests.
        duplicates: Structured traces of a duplicate: issues closed as one or marked as one.
        last_update: When the newest change in the store was made.
        complete: Whether the last run came to its end.
        points: Spent so far.
        requests: Made so far.
    """

    name: str
    issues: int
    gone: int
    comments: int
    pull_requests: int
    duplicates: int
    last_update: str | None
    complete: bool
    points: int
    requests: int


class StoreWriteError(GisError):
    """The disk is full, or the file is locked or damaged."""


class Store:
    """A store, opened for reading; ``writing`` opens one to be filled, which one process at a time may do.

    Raises:
        GisError: It is no store, or from a newer version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise GisError(f"no store at {path}; fill one: gis collect --repo OWNER/NAME --store {path}")
        self.path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._check()
        except sqlite3.Error as error:
            raise GisError(f"{path} cannot be opened: {error}") from error

    @classmethod
    @contextmanager
    def writing(cls, path: Path) -> Iterator[Self]:
        """Open a store to fill it, making it where there is none.

        Raises:
            GisError: Another process fills it, or it is no store, or from a newer version.
        """
        path = path.resolve()  # one lock for one file, whatever it is called
        if path.is_dir():
            raise GisError(f"{path} is a folder; --store names a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise GisError(
                    f"another gis collect is filling {path}; wait for it, or choose another --store"
                ) from error
            _create(path)
            store = cls(path)
            store._connection.execute("PRAGMA journal_mode=WAL")
            store._connection.execute("PRAGMA synchronous=NORMAL")  # whole after any kill; a power cut costs last pages
            try:
                yield store
            finally:
                store.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """For use in a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def repository(self, found: Repository, source: str) -> int:
        """The key of a repository, known by GitHub's number through every rename."""
        with self._transaction() as execute:
            row = None
            if found.id:
                row = execute("SELECT key FROM repositories WHERE id = ?", (found.id,)).fetchone()
            row = (
                row
                or execute(  # a name may belong to another repository by now
                    "SELECT r.key FROM names AS n JOIN repositories AS r ON r.key = n.repository "
                    "WHERE n.name = ? AND (r.id = 0 OR ? = 0)",
                    (found.name, found.id),
                ).fetchone()
            )
            if row is None:
                cursor = execute(
                    "INSERT INTO repositories (name, id, source) VALUES (?, ?, ?)", (found.name, found.id, source)
                )
                row = (cursor.lastrowid,)
            key = int(row[0])
            execute("UPDATE repositories SET name = ?, id = max(id, ?) WHERE key = ?", (found.name, found.id, key))
            for name in (found.name, found.asked):
                execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (name, key))
        return key

    def checkpoint(self, key: int) -> dict[str, Any] | None:
        """Where the last walk stopped or ended; None before the first."""
        (text,) = self._connection.execute("SELECT checkpoint FROM repositories WHERE key = ?", (key,)).fetchone()
        return None if text is None else dict(json.loads(text))

    def begin(self, key: int, source: str, about: Mapping[str, Any]) -> int:
        """Note that a run begins; what it brings and costs is added page by page.

        Args:
            key: The repository's.
            source: What it reads from.
            about: Versions, queries, addresses: what one must know to do it again.
        """
        with self._transaction() as execute:
            cursor = execute(
                "INSERT INTO runs (repository, source, about, started, ended) VALUES (?, ?, ?, ?, ?)",
                (key, source, json.dumps(about), _now(), _now()),
            )
        return int(cursor.lastrowid)

    def write(self, key: int, run: int, page: Page) -> None:
        """Write a page and where to go on from it, both or neither.

        Args:
            key: The repository's.
            run: What ``begin`` gave.
            page: What a source brought; issues that are there already are replaced.
        """
        with self._transaction() as execute:
            for issue in page.issues:
                self._write_issue(key, issue)
            for number, comment in page.comments:
                self._write_comments(key, number, [comment])
            for number, event in page.events:
                self._append_event(key, number, event)
            self._connection.executemany(
                "INSERT OR IGNORE INTO pull_requests VALUES (?, ?)", [(key, number) for number in page.pull_requests]
            )
            execute("UPDATE repositories SET checkpoint = ? WHERE key = ?", (json.dumps(page.checkpoint), key))
            execute(
                "UPDATE runs SET issues = issues + ?, comments = comments + ?, points = points + ?, "
                "requests = requests + ?, ended = ? WHERE key = ?",
                (len(page.issues), page.comment_count, page.points, page.requests, _now(), run),
            )

    def end(self, run: int, outcome: str, about: Mapping[str, Any], *, points: int, requests: int) -> None:
        """Note how a run ended, with what queries in the end, and what it spent since its last page."""
        with self._transaction() as execute:
            execute(
                "UPDATE runs SET outcome = ?, about = ?, points = points + ?, requests = requests + ?, ended = ? "
                "WHERE key = ?",
                (outcome, json.dumps(about), points, requests, _now(), run),
            )

    def runs(self) -> list[dict[str, Any]]:
        """The manifest: every run with its repository, versions, queries, times, outcome, counts and costs."""
        found = self._connection.execute(
            "SELECT r.name AS repository, u.source, u.about, u.started, u.ended, u.outcome, u.issues, u.comments, "
            "u.gone, u.points, u.requests FROM runs AS u JOIN repositories AS r ON r.key = u.repository ORDER BY u.key"
        )
        names = [column[0] for column in found.description]
        runs = [dict(zip(names, row, strict=True)) for row in found]
        return [{**run, "about": json.loads(run["about"])} for run in runs]

    @property
    def web_url(self) -> str:
        """The address of the server whose issues these are, for links: "https://github.com" or an Enterprise host.

        It is the server of the newest run that fetched from one. Dumps name none and are taken to be of github.com.
        """
        servers = [run["about"]["server"] for run in self.runs() if "server" in run["about"]]
        return _web_url(servers[-1]) if servers else GITHUB

    def count(self, key: int) -> int:
        """How many issues there are, but for those that are gone."""
        query = "SELECT count(*) FROM issues WHERE repository = ? AND gone IS NULL"
        return int(self._connection.execute(query, (key,)).fetchone()[0])

    def unlisted(self, key: int, listing: Iterable[Sequence[int]]) -> list[int]:
        """The issues that are there and in no part of ``listing``, ascending."""
        execute, executemany = self._connection.execute, self._connection.executemany
        execute("CREATE TEMP TABLE listed (number INTEGER PRIMARY KEY)")  # on disk: there may be millions
        try:
            for numbers in listing:
                executemany("INSERT OR IGNORE INTO listed VALUES (?)", [(number,) for number in numbers])
            found = execute(
                "SELECT number FROM issues WHERE repository = ? AND gone IS NULL AND number NOT IN listed "
                "ORDER BY number",
                (key,),
            )
            return [number for (number,) in found]
        finally:
            execute("DROP TABLE listed")

    def mark_gone(self, key: int, run: int, number: int, why: str) -> None:
        """Note that an issue vanished or moved; what was fetched of it is kept."""
        with self._transaction() as execute:
            execute("UPDATE issues SET gone = ? WHERE repository = ? AND number = ?", (why, key, number))
            execute("UPDATE runs SET gone = gone + 1 WHERE key = ?", (run,))

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._connection.execute(query, parameters).fetchall()

    def stream(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one by one: there may be millions."""
        return self._connection.execute(query, parameters)

    def status(self) -> list[RepositoryStatus]:
        """What the store holds, by repository."""
        found = self._connection.execute(
            """
            SELECT r.name,
              (SELECT count(*) FROM issues AS i WHERE i.repository = r.key AND gone IS NULL),
              (SELECT count(*) FROM issues AS i WHERE i.repository = r.key AND gone IS NOT NULL),
              (SELECT count(*) FROM comments AS c WHERE c.repository = r.key),
              (SELECT count(*) FROM pull_requests AS p WHERE p.repository = r.key),
              (SELECT count(*) FROM issues AS i WHERE i.repository = r.key AND (duplicate_number IS NOT NULL
                OR state_reason = 'duplicate' OR EXISTS (SELECT 1 FROM events AS e WHERE e.repository = r.key
                AND e.number = i.number AND kind = 'marked_as_duplicate' AND NOT EXISTS (SELECT 1 FROM events AS u
                WHERE u.repository = r.key AND u.number = i.number AND u.kind = 'unmarked_as_duplicate'
                AND u.created_at >= e.created_at)))),
              (SELECT max(updated_at) FROM issues AS i WHERE i.repository = r.key),
              (SELECT outcome FROM runs AS u WHERE u.repository = r.key ORDER BY u.key DESC LIMIT 1) IS ?,
              (SELECT coalesce(sum(points), 0) FROM runs AS u WHERE u.repository = r.key),
              (SELECT coalesce(sum(requests), 0) FROM runs AS u WHERE u.repository = r.key)
            FROM repositories AS r ORDER BY r.name
            """,
            (COMPLETE,),
        )
        return [RepositoryStatus(*row) for row in found]

    def _write_issue(self, key: int, issue: Issue) -> None:
        """Replace an issue and, where the source asked for them, all that hangs on it."""
        execute, executemany = self._connection.execute, self._connection.executemany
        row = {
            "repository": key,
            "number": issue.number,
            "id": issue.id,
            "node_id": issue.node_id,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "locked": int(issue.locked),
            "author": _login(issue.author),
            "association": issue.association,
            "labels": json.dumps(issue.labels, ensure_ascii=False),
            "comment_count": issue.comment_count,
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "closed_at": issue.closed_at,
            "closed_by": _login(issue.closed_by),
            "duplicate_repository": None if issue.duplicate_of is None else issue.duplicate_of.repository,
            "duplicate_number": None if issue.duplicate_of is None else issue.duplicate_of.number,
            "original_body": issue.original_body,
            "gone": None,
        }
        kept = {"original_body"}  # what this source does not tell
        if issue.events is None:
            kept |= {"closed_by", "duplicate_repository", "duplicate_number", "gone"}
        changes = ", ".join(
            f"{name} = coalesce(excluded.{name}, {name})" if name in kept else f"{name} = excluded.{name}"
            for name in row
        )
        done = execute(
            f"INSERT INTO issues ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)}) "
            f"ON CONFLICT DO UPDATE SET {changes} WHERE excluded.updated_at >= updated_at",
            row,
        )
        if not done.rowcount:  # an older dump
            return
        execute(
            "INSERT OR REPLACE INTO raw VALUES (?, ?, ?)",
            (key, issue.number, json.dumps(issue.raw, ensure_ascii=False)),
        )
        if issue.comments is not None:
            execute("DELETE FROM comments WHERE repository = ? AND number = ?", (key, issue.number))
            self._write_comments(key, issue.number, issue.comments)
        if issue.events is not None:
            execute("DELETE FROM events WHERE repository = ? AND number = ?", (key, issue.number))
            executemany(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(key, issue.number, n, *_event(each)) for n, each in enumerate(issue.events)],
            )
            self._write_users(each.actor for each in issue.events)
        self._write_users((issue.author, issue.closed_by))

    def _write_comments(self, key: int, number: int, comments: Sequence[Comment]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO comments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    key,
                    number,
                    each.id,
                    each.node_id,
                    _login(each.author),
                    each.association,
                    each.body,
                    each.created_at,
                    each.updated_at,
                    each.via_app,
                )
                for each in comments
            ],
        )
        self._write_users(each.author for each in comments)

    def _append_event(self, key: int, number: int, event: Event) -> None:
        """Add an event behind those of its issue; one that is there is left alone."""
        row = _event(event)
        seen = self._connection.execute(
            "SELECT 1 FROM events WHERE repository = ? AND number = ? AND (id = ? OR kind = ? AND created_at = ? "
            "AND actor IS ? AND target_repository IS ? AND target_number IS ? AND target_pull_request IS ?)",
            (key, number, event.id, *row[:6]),
        ).fetchone()
        if event.kind == "closed":  # lists do not name the closer
            self._connection.execute(
                "UPDATE issues SET closed_by = ? WHERE repository = ? AND number = ? AND closed_by IS NULL "
                "AND closed_at = ?",
                (_login(event.actor), key, number, event.created_at),
            )
        if seen is None:
            self._connection.execute(
                "INSERT INTO events SELECT ?, ?, coalesce(max(position) + 1, 0), ?, ?, ?, ?, ?, ?, ?, ? FROM events "
                "WHERE repository = ? AND number = ?",
                (key, number, *row, key, number),
            )
        self._write_users([event.actor])

    def _write_users(self, people: Iterable[User | None]) -> None:
        self._connection.executemany(
            "INSERT INTO users VALUES (?, ?, ?, ?) ON CONFLICT (login) DO UPDATE SET "
            "id = coalesce(excluded.id, id), site_admin = coalesce(excluded.site_admin, site_admin)",
            {who.login: (who.login, who.id, who.type, who.site_admin) for who in people if who is not None}.values(),
        )

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection.execute
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # a full disk may have ended it
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(
                error, sqlite3.IntegrityError | sqlite3.ProgrammingError
            ):
                hint = "; make room" if "full" in str(error) else ""
                raise StoreWriteError(
                    f"{self.path} cannot be written: {error}{hint}; the same command then continues"
                ) from error
            raise

    def _check(self) -> None:
        try:
            (schema,) = self._connection.execute("SELECT schema FROM meta").fetchone()
        except (sqlite3.DatabaseError, TypeError) as error:
            raise GisError(f"{self.path} is no store of gis ({error}); choose another --store") from error
        if schema > SCHEMA:
            raise GisError(f"{self.path} was written by a newer gis (store version {schema}); update gis to read it")


def _create(path: Path) -> None:
    """Make an empty store where there is none; its tables come at once or not at all."""
    if path.is_file() and path.stat().st_size:
        return
    from gis import __version__

    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(f"BEGIN; {TABLES} INSERT INTO meta VALUES ({SCHEMA}, '{__version__}'); COMMIT;")
    except sqlite3.Error as error:
        raise GisError(f"{path} cannot be made: {error}") from error


def _event(event: Event) -> tuple[Any, ...]:
    target = event.target
    where: tuple[Any, ...] = (None, None, None)
    if target is not None:
        where = (target.repository, target.number, target.pull_request)
    return (event.kind, event.created_at, _login(event.actor), *where, event.detail, event.id)


def _web_url(api_url: str) -> str:
    """Return the address of the pages of the server whose API is at ``api_url``."""
    parts = urlsplit(api_url)
    host = parts.netloc.removeprefix("api.")  # api.github.com, api.SUBDOMAIN.ghe.com; Enterprise: HOST/api/v3
    return f"{parts.scheme}://{host}"


def _login(user: User | None) -> str | None:
    return None if user is None else user.login


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
