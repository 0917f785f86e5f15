"""The tables of a store: made in an empty file, checked in any other, and completed in an old one."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from gis.collector.damage import LATER_TABLES, DamagedStoreError, is_corrupt, not_a_store
from gis.collector.row_sums import SUM, sum_of
from gis.collector.store_file import connect
from gis.errors import GisError
from gis.versions import VERSION

# Versions of stores: rows had no checksums at first, then no changes and no responses were recorded.
WITHOUT_SUMS, WITHOUT_CHANGES, WITHOUT_RESPONSES, SCHEMA = 1, 2, 3, 4
# The columns of each table, without the checksum that comes before them.
COLUMNS: Mapping[str, str] = {
    "meta": "schema INTEGER NOT NULL, created_by TEXT NOT NULL",
    "repositories": (
        "key INTEGER PRIMARY KEY, name TEXT NOT NULL, id INTEGER NOT NULL, source TEXT NOT NULL, checkpoint TEXT"
    ),
    "runs": (
        "key INTEGER PRIMARY KEY, repository INTEGER NOT NULL REFERENCES repositories(key), source TEXT NOT NULL, "
        "about TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT 'killed', "
        "issues INTEGER NOT NULL DEFAULT 0, comments INTEGER NOT NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0, "
        "points INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0"
    ),
    "names": "name TEXT PRIMARY KEY COLLATE NOCASE, repository INTEGER NOT NULL REFERENCES repositories(key)",
    "issues": (
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, id INTEGER NOT NULL, node_id TEXT NOT NULL, "
        "title TEXT NOT NULL, body TEXT, state TEXT NOT NULL, state_reason TEXT, locked INTEGER NOT NULL, "
        "author TEXT, association TEXT NOT NULL, labels TEXT NOT NULL, comment_count INTEGER NOT NULL, "
        "created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT, closed_by TEXT, "
        "duplicate_repository TEXT, duplicate_number INTEGER, original_body TEXT, gone TEXT, "
        "PRIMARY KEY (repository, number)"
    ),
    "comments": (
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, id INTEGER NOT NULL, node_id TEXT NOT NULL, "
        "author TEXT, association TEXT NOT NULL, body TEXT NOT NULL, created_at TEXT NOT NULL, "
        "updated_at TEXT NOT NULL, via_app TEXT, PRIMARY KEY (repository, number, id)"
    ),
    "events": (
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, "
        "created_at TEXT NOT NULL, actor TEXT, target_repository TEXT, target_number INTEGER, "
        "target_pull_request INTEGER, detail TEXT, id TEXT, PRIMARY KEY (repository, number, position)"
    ),
    "users": "login TEXT PRIMARY KEY, id INTEGER, type TEXT NOT NULL, site_admin INTEGER",
    "pull_requests": "repository INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (repository, number)",
    "raw": (
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (repository, number)"
    ),
    "quarantine": (  # what a source gave and did not pass the reader
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, place TEXT NOT NULL, field TEXT NOT NULL, "
        "reason TEXT NOT NULL, PRIMARY KEY (repository, number, place)"
    ),
    "changes": (  # which issues each transaction wrote, for those who keep something made of them
        "revision INTEGER NOT NULL, repository INTEGER NOT NULL, number INTEGER NOT NULL, "
        "PRIMARY KEY (revision, repository, number)"
    ),
    "reactions": (  # to comments of gis find
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, comment INTEGER NOT NULL, up INTEGER NOT NULL, "
        "down INTEGER NOT NULL, PRIMARY KEY (repository, number, comment)"
    ),
    "suggestions": (  # to close an issue as a duplicate; pending until somebody has answered
        "repository INTEGER NOT NULL, number INTEGER NOT NULL, actor TEXT NOT NULL, target_repository TEXT NOT NULL, "
        "target_number INTEGER NOT NULL, created_at TEXT NOT NULL, rationale TEXT NOT NULL, pending INTEGER NOT NULL, "
        "PRIMARY KEY (repository, number, actor, target_repository, target_number)"
    ),
}


def columns_of(table: str) -> list[str]:
    """Return the names of a table's columns, without that of the checksum."""
    columns, _, _ = COLUMNS[table].partition(", PRIMARY KEY (")
    return [column.split()[0] for column in columns.split(", ")]


def tables_of(version: int) -> list[str]:
    """Return the names of the tables of a version of stores."""
    return [table for table in COLUMNS if LATER_TABLES.get(table, WITHOUT_SUMS) <= version]


def definition_of(table: str) -> str:
    """Return the statement that makes a table, as SQLite keeps it."""
    columns = COLUMNS[table]
    in_one_tree = " WITHOUT ROWID" if "PRIMARY KEY" in columns and "INTEGER PRIMARY KEY" not in columns else ""
    return f"CREATE TABLE {table} ({SUM} INTEGER AS ({sum_of(columns_of(table))}) STORED, {columns}){in_one_tree}"


def create_store(path: Path) -> None:
    """Make an empty store if there is none; its tables come into being together or not at all.

    Raises:
        GisError: The file cannot be written.
    """
    if path.is_file() and path.stat().st_size:
        return
    try:
        with closing(connect(path)) as connection:
            connection.execute("BEGIN")
            for table in COLUMNS:
                connection.execute(definition_of(table))
            connection.execute("INSERT INTO meta VALUES (?, ?)", (SCHEMA, VERSION))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise GisError(f"{path} cannot be created: {error}") from error


def check_store(connection: sqlite3.Connection, path: Path) -> int:
    """Check that an open database is a store which this version can read, and return the store's version.

    Raises:
        GisError: It is not a store, or it was written by a newer version.
        DamagedStoreError: Its version or its tables are not what any version of gis writes.
    """
    try:
        definitions = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        has_sums = f"{SUM} " in (definitions.get("meta") or "")
        is_sound = f"{SUM} IS {sum_of(columns_of('meta'))}" if has_sums else "TRUE"
        version, is_sound = connection.execute(f"SELECT schema, {is_sound} FROM meta").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        if is_corrupt(error):
            raise DamagedStoreError(path, error) from error
        raise not_a_store(path, error) from error
    if not is_sound:
        raise DamagedStoreError(path, "table meta")
    if not isinstance(version, int) or version < WITHOUT_SUMS:
        raise not_a_store(path, f"its version is {version!r:.40}")
    if version > SCHEMA:
        raise GisError(f"{path} was written by a newer gis (store version {version}); update gis to read it")
    if has_sums != (version > WITHOUT_SUMS):
        raise DamagedStoreError(path, f"table meta: version {version} {'with' if has_sums else 'without'} checksums")
    for table in tables_of(version) if has_sums else ():
        if definitions.get(table) != definition_of(table):
            raise DamagedStoreError(path, f"the definition of table {table}")
    return version


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Make a store of an older version one of this version, within a transaction."""
    if version == WITHOUT_SUMS:
        _add_sums(connection)
    else:
        for table in list(COLUMNS)[len(tables_of(version)) :]:
            connection.execute(definition_of(table))
    connection.execute("UPDATE meta SET schema = ?", (SCHEMA,))


def _add_sums(connection: sqlite3.Connection) -> None:
    """Give a store of version 1 checksums: every table is made anew."""
    connection.execute("PRAGMA legacy_alter_table = ON")  # references to a table keep its name
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in COLUMNS:
        names = ", ".join(columns_of(table))
        is_stored = table in tables
        if is_stored:
            connection.execute(f"ALTER TABLE {table} RENAME TO without_sums")
        connection.execute(definition_of(table))
        if is_stored:
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM without_sums")
            connection.execute("DROP TABLE without_sums")
