"""The tables of a store: made in an empty file, checked in any other."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gis.collector.damage import DamagedStoreError, is_corrupt
from gis.errors import GisError
from gis.versions import VERSION

SCHEMA = 1
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
# What a source gave and did not pass the reader. Stores of before it came lack it until they are filled again.
QUARANTINE = """
CREATE TABLE IF NOT EXISTS quarantine (
    repository INTEGER NOT NULL, number INTEGER NOT NULL, place TEXT NOT NULL, field TEXT NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (repository, number, place)
) WITHOUT ROWID
"""


def create_store(path: Path) -> None:
    """Make an empty store if there is none; its tables come into being together or not at all.

    Raises:
        GisError: The file cannot be written.
    """
    if path.is_file() and path.stat().st_size:
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(f"BEGIN; {TABLES} INSERT INTO meta VALUES ({SCHEMA}, '{VERSION}'); COMMIT;")
    except sqlite3.Error as error:
        raise GisError(f"{path} cannot be created: {error}") from error


def check_store(connection: sqlite3.Connection, path: Path) -> None:
    """Check that an open database is a store which this version can read.

    Raises:
        GisError: It is not a store, or it was written by a newer version.
    """
    try:
        (schema,) = connection.execute("SELECT schema FROM meta").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        if is_corrupt(error):
            raise DamagedStoreError(path, error) from error
        raise GisError(f"{path} is not a store of gis ({error})", remedy="choose another --store") from error
    if not isinstance(schema, int):
        raise GisError(f"{path} is not a store of gis (its version is {schema!r:.40})", remedy="choose another --store")
    if schema > SCHEMA:
        raise GisError(f"{path} was written by a newer gis (store version {schema}); update gis to read it")
