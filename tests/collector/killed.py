"""A process that collects, to be killed: python -m tests.collector.killed URL STORE PAGE_SIZE."""

import sys
from pathlib import Path

from gis.collector.collect import collect
from gis.collector.confirm import confirm as confirm_store
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client
from gis.collector.github.graphql import GraphQLSource
from gis.collector.store_writer import StoreWriter


def run(url: str, path: str, largest: int) -> None:
    client = Client(url, [token_account("good-token-1234")])
    with StoreWriter.open(Path(path)) as store:
        collect(store, GraphQLSource(client, "octo/widgets", largest=largest))


def confirm(url: str, path: str) -> None:
    client = Client(url, [token_account("good-token-1234")])
    with StoreWriter.open(Path(path)) as store:
        confirm_store(store, client)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
