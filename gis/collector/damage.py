"""Damage of a store, named where it is met, and looked for before anything is made of what the store holds."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from gis.collector.fields import LARGEST_ISSUE_NUMBER
from gis.collector.records import EventKind
from gis.collector.row_sums import SUM, define_row_sum, sum_of
from gis.errors import GisError
from gis.full_disk import FullDiskError, is_full

# Errors that are not damage: the store is busy, read-only, on a full disk, or cannot be opened.
NOT_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
PRIMARY_CODE = 0xFF  # SQLite's extended codes carry more above it
KINDS = ", ".join(f"'{kind}'" for kind in get_args(EventKind))
TEXT_OR_NULL, NUMBER_OR_NULL = "IN ('text', 'null')", "IN ('integer', 'null')"
OF_A_REPOSITORY = "repository IN (SELECT key FROM repositories)"
OF_AN_ISSUE = f"typeof(number) = 'integer' AND number BETWEEN 1 AND {LARGEST_ISSUE_NUMBER} AND {OF_A_REPOSITORY}"
# What every row of a table fulfils, in the order in which tables depend on each other.
SOUND_ROWS: Mapping[str, str] = {
    "repositories": "typeof(key) = 'integer' AND typeof(name) = 'text' AND name LIKE '%/%' AND typeof(id) = 'integer'",
    "names": f"typeof(name) = 'text' AND {OF_A_REPOSITORY}",
    "runs": f"{OF_A_REPOSITORY} AND json_valid(about) AND typeof(outcome) = 'text'",
    "issues": (
        f"{OF_AN_ISSUE} AND typeof(title) = 'text' AND typeof(body) {TEXT_OR_NULL} "
        f"AND typeof(original_body) {TEXT_OR_NULL} AND state IN ('open', 'closed') "
        f"AND typeof(state_reason) {TEXT_OR_NULL} AND typeof(gone) {TEXT_OR_NULL} "
        "AND is_time(created_at) AND is_time(updated_at) AND (closed_at IS NULL OR is_time(closed_at)) "
        f"AND typeof(author) {TEXT_OR_NULL} AND typeof(closed_by) {TEXT_OR_NULL} "
        f"AND typeof(duplicate_repository) {TEXT_OR_NULL} AND typeof(duplicate_number) {NUMBER_OR_NULL} "
        "AND json_valid(labels) AND json_type(labels) = 'array' "
        "AND NOT EXISTS (SELECT 1 FROM json_each(labels) WHERE type != 'text')"
    ),
    "comments": (
        f"{OF_AN_ISSUE} AND typeof(id) = 'integer' AND typeof(node_id) = 'text' AND typeof(body) = 'text' "
        f"AND is_time(created_at) AND is_time(updated_at) AND typeof(author) {TEXT_OR_NULL} "
        f"AND typeof(via_app) {TEXT_OR_NULL}"
    ),
    "events": (
        f"{OF_AN_ISSUE} AND typeof(position) = 'integer' AND kind IN ({KINDS}) AND is_time(created_at) "
        f"AND typeof(actor) {TEXT_OR_NULL} AND typeof(detail) {TEXT_OR_NULL} AND typeof(id) {TEXT_OR_NULL} "
        f"AND typeof(target_repository) {TEXT_OR_NULL} AND typeof(target_number) {NUMBER_OR_NULL}"
    ),
    "pull_requests": OF_AN_ISSUE,
    "raw": f"{OF_AN_ISSUE} AND typeof(answer) = 'text'",
    "users": "typeof(login) = 'text' AND typeof(type) = 'text'",
    "quarantine": (
        f"typeof(number) = 'integer' AND {OF_A_REPOSITORY} AND typeof(place) = 'text' AND typeof(field) = 'text' "
        "AND typeof(reason) = 'text'"
    ),
    "changes": f"typeof(revision) = 'integer' AND {OF_AN_ISSUE}",
    "reactions": (
        f"{OF_AN_ISSUE} AND typeof(comment) = 'integer' AND typeof(up) = 'integer' AND typeof(down) = 'integer'"
    ),
    "suggestions": (
        f"{OF_AN_ISSUE} AND typeof(actor) = 'text' AND typeof(target_repository) = 'text' "
        f"AND typeof(target_number) = 'integer' AND target_number BETWEEN 1 AND {LARGEST_ISSUE_NUMBER} "
        "AND is_time(created_at) AND typeof(rationale) = 'text' AND pending IN (0, 1)"
    ),
}

# The version of stores from which each of these tables is in all; some of version 1 have a quarantine.
LATER_TABLES: Mapping[str, int] = {"quarantine": 2, "changes": 3, "reactions": 4, "suggestions": 4}


class DamagedStoreError(GisError):
    """The store cannot be read, or holds what gis never writes.

    Args:
        path: The store.
        where: What is damaged, as far as it is known.
    """

    def __init__(self, path: Path, where: object) -> None:
        super().__init__(
            f"{path} is damaged: {where}",
            remedy=f"gis collect --salvage {path} --store NEW keeps what can be read, or collect into a new store",
        )


def not_a_store(path: Path, reason: object) -> GisError:
    """Return the error for a file that is not a store, or is too damaged to look like one."""
    saved = f"gis collect --salvage {path} --store NEW keeps what can be read"
    return GisError(
        f"{path} is not a store of gis ({reason})", remedy=f"choose another --store; if it was one, {saved}"
    )


@contextmanager
def opening_named(path: Path) -> Iterator[None]:
    """Raise an error of SQLite, when a store is opened, as one that says what is wrong with the file."""
    try:
        yield
    except UnicodeDecodeError as error:  # of a definition, or of SQLite's message about it
        raise DamagedStoreError(path, "the definition of a table") from error
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
            raise not_a_store(path, error) from error
        if is_full(error):
            raise FullDiskError(path) from error
        if is_damage(error):
            raise DamagedStoreError(path, error) from error
        raise GisError(f"{path} cannot be opened: {error}") from error


@contextmanager
def damage_named(path: Path, query: str) -> Iterator[None]:
    """Raise an error of SQLite that comes from damage as one that names the store and the table."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        if is_full(error):
            raise FullDiskError(path) from error
        if is_damage(error):
            raise damage(path, query, error) from error
        raise


def damage(path: Path, query: str, error: sqlite3.Error) -> DamagedStoreError:
    """Return the error for damage that a query met."""
    words = query.split()
    tables = [word for word, before in zip(words[1:], words, strict=False) if before == "FROM" and word in SOUND_ROWS]
    problem = str(error).partition(" with text")[0]  # that of one that is not UTF-8 would follow
    return DamagedStoreError(path, f"table {tables[-1]}: {problem}" if tables else problem)


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error of SQLite means that the file is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & PRIMARY_CODE not in NOT_DAMAGE


def is_corrupt(error: BaseException) -> bool:
    """Return whether an error says outright that a database is damaged."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE == sqlite3.SQLITE_CORRUPT


def check_rows(connection: sqlite3.Connection, path: Path, *, has_sums: bool) -> None:
    """Check the pages of a store and every row.

    Args:
        connection: The store, with ``define_checks``.
        path: The store's file.
        has_sums: Whether its rows have checksums.

    Raises:
        DamagedStoreError: Some are damaged.
    """
    with damage_named(path, ""):
        problem = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if problem != "ok":
        raise DamagedStoreError(path, problem.replace("\n", " "))
    for table in SOUND_ROWS:
        _check_table(connection, path, table, has_sums=has_sums)


def check_issues(
    connection: sqlite3.Connection, path: Path, issues: Iterable[tuple[int, int]], *, has_sums: bool
) -> None:
    """Check the rows of some issues, and those that say which repositories there are.

    Raises:
        DamagedStoreError: Some are damaged.
    """
    for table in ("repositories", "names", "runs"):
        _check_table(connection, path, table, has_sums=has_sums)
    for issue in issues:
        for table in ("issues", "comments", "events"):
            _check_table(connection, path, table, has_sums=has_sums, only=issue)


def _check_table(
    connection: sqlite3.Connection, path: Path, table: str, *, has_sums: bool, only: tuple[int, int] | None = None
) -> None:
    """Check the rows of a table: all, or only those of an issue, given by its repository's key and its number."""
    with damage_named(path, f"FROM {table}"):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if not columns and table in LATER_TABLES:
        return
    key = "key" if table == "repositories" else "login" if table == "users" else "repository"
    number = "number" if "number" in columns else "NULL"
    sound = f"{SUM} IS {sum_of(columns)} AND {SOUND_ROWS[table]}" if has_sums else SOUND_ROWS[table]
    chosen = "TRUE" if only is None else "repository = ? AND number = ?"
    query = f"SELECT {key}, {number} FROM {table} WHERE {chosen} AND ({sound}) IS NOT TRUE LIMIT 1"
    with damage_named(path, query):
        row = connection.execute(query, only or ()).fetchone()
    if row is not None:
        raise DamagedStoreError(path, f"table {table}, {key} {row[0]!r}" + (f", number {row[1]!r}" if row[1] else ""))


def define_checks(connection: sqlite3.Connection) -> None:
    """Define the functions that the tables of a store and ``SOUND_ROWS`` use."""
    define_row_sum(connection)
    connection.create_function("is_time", 1, _is_time, deterministic=True)


def _is_time(value: Any) -> bool:  # noqa: ANN401 - whatever the store holds
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False
