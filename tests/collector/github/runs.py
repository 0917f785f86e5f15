"""Runs of the collector against a GitHub server on this machine, and what the store holds after them."""

import sqlite3
import traceback
from pathlib import Path
from typing import Any

from gis.collector.collect import CollectReport, collect
from gis.collector.github.accounts import Account, token_account
from gis.collector.github.client import Client, Limits
from gis.collector.github.graphql import GraphQLSource
from gis.collector.github.rest import RestSource
from gis.collector.store_schema import columns_of
from gis.collector.store_writer import StoreWriter
from gis.console import QUIET, Reporter
from gis.errors import GisError
from tests.collector.server import GitHub

TOKEN = "good-token-1234"
TABLES = ("issues", "comments", "events", "users", "pull_requests", "raw")


def asking(github: GitHub, *accounts: Account, **limits: Any) -> Client:  # noqa: ANN401
    """A client that says what it waits for, so that a token in its words would be found."""
    return Client(
        github.url,
        accounts or [token_account(TOKEN)],
        limits=Limits(**limits),
        reporter=Reporter(),
        sleep=lambda _: None,
    )


def run(github: GitHub, path: Path, *, largest: int = 40, name: str | None = None, **limits: Any) -> CollectReport:  # noqa: ANN401
    source = GraphQLSource(
        asking(github, **limits), name or github.world.name, largest=largest, reporter=Reporter(quiet=True)
    )
    with StoreWriter.open(path) as store:
        try:
            return collect(store, source)
        except GisError as error:
            assert_no_token(traceback.format_exception(error))
            raise
        finally:
            assert_no_token(store.runs())


def run_rest(github: GitHub, path: Path, reporter: Reporter = QUIET) -> CollectReport:
    client = asking(github)
    with StoreWriter.open(path) as store:
        return collect(store, RestSource(client, "octo/gadgets", reporter=reporter))


def assert_no_token(what: object) -> None:
    assert TOKEN not in str(what)


def rows(path: Path, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the store holds, but for times and costs of runs."""
    with sqlite3.connect(path) as connection:
        names = {table: ", ".join(columns_of(table)) for table in tables or TABLES}
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}"), key=repr)
            for table, columns in names.items()
        }
