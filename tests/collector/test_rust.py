"""A real repository through GraphQL: equal, field by field, to its dump."""

import sqlite3
from pathlib import Path

import pytest

from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client
from gis.collector.github.graphql import GraphQLSource
from gis.collector.store_writer import StoreWriter
from tests.collector.parts import write_part
from tests.collector.server import schema, serving
from tests.collector.world import from_dump
from tests.faults import THOROUGH

pytestmark = [pytest.mark.shared, pytest.mark.slow]
# What both tell. REST's answers spell an empty body as null.
ISSUES = (
    "number, id, node_id, title, coalesce(body, ''), state, state_reason, locked, author, association, labels, "
    "comment_count, created_at, updated_at, closed_at, closed_by"
)
COMMENTS = "number, id, node_id, author, association, body, created_at, updated_at"
EVENTS = "number, created_at, target_number"


def test_rust_comes_as_it_is_at_few_points(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "github" / "rust-lang_rust"
    if not THOROUGH:
        folder = write_part(folder, tmp_path / "rust-lang_rust")
    with serving(from_dump(folder), schema()) as github:
        client = Client(github.url, [token_account("good-token-1234")])
        with StoreWriter.open(tmp_path / "graphql.db") as store:
            collect(store, GraphQLSource(client, "rust-lang/rust"))
            (status,) = store.status()
    with StoreWriter.open(tmp_path / "dump.db") as store:
        collect(store, DumpSource(folder))
    assert (status.issues, status.comments) == ((15_813, 75_762) if THOROUGH else (4180, 16_335))
    assert status.points == github.points + 1  # what the server itself counted, and the repository's name
    assert 1000 * status.points / status.issues <= 35
    assert 1000 * status.requests / status.issues <= 15
    collected, expected = (sqlite3.connect(tmp_path / name) for name in ("graphql.db", "dump.db"))
    for columns, table in (
        (ISSUES, "issues"),
        (COMMENTS, "comments"),
        (EVENTS, "events WHERE kind = 'cross_referenced'"),
    ):
        query = f"SELECT {columns} FROM {table}"
        assert sorted(collected.execute(query), key=repr) == sorted(expected.execute(query), key=repr)
    for connection in (collected, expected):
        connection.close()
