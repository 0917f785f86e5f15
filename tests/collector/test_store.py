"""Reading a store: one state of it, from a file that need not be writable, and what is refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gis.collector.fields import Fields
from gis.collector.github.rest_rows import issue_from_row
from gis.collector.records import NO_USAGE, Page, Repository
from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError
from tests.collector.world import made

HERE = Repository("octo/widgets", 4711, "octo/widgets")


def test_what_is_no_store_or_a_newer_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="there is no store at"):
        Store(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("This is no database, but a text that is long enough to be read as one." * 20)
    with pytest.raises(GisError, match="is not a store of gis"):
        Store(tmp_path / "text.db")
    with StoreWriter.open(tmp_path / "store.db"):
        pass
    with closing(connect(tmp_path / "store.db")) as connection:
        connection.execute("UPDATE meta SET schema = 99")
    with pytest.raises(GisError, match=r"newer gis \(store version 99\)"), StoreWriter.open(tmp_path / "store.db"):
        pass


@pytest.mark.parametrize(
    ("server", "web_url"),
    [
        (None, "https://github.com"),
        ("https://api.github.com", "https://github.com"),
        ("https://git.example.org/api/v3", "https://git.example.org"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_store_knows_the_address_of_its_server(tmp_path: Path, server: str | None, web_url: str) -> None:
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        for about in ({} if server is None else {"server": server}, {}):
            store.end(store.begin(key, "graphql", about), "complete", about, NO_USAGE)
        assert store.web_url == web_url


def test_whoever_reads_sees_one_state(tmp_path: Path) -> None:
    with StoreWriter.open(tmp_path / "store.db") as writer:
        key = writer.repository(HERE, "graphql")
        run = writer.begin(key, "graphql", {})
        issues = tuple(issue_from_row(Fields(row)) for row in made(6).issues.values())
        writer.write(key, run, Page(resume_point={}, done=True, issues=issues))
        with Store(tmp_path / "store.db") as reader:
            before = reader.rows("SELECT number, gone FROM issues ORDER BY number")
            writer.mark_removed(key, run, before[0][0], "deleted")
            assert reader.rows("SELECT number, gone FROM issues ORDER BY number") == before
        with Store(tmp_path / "store.db") as reader:
            assert reader.count(key) == len(before) - 1


def test_a_store_is_opened_without_being_written(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with StoreWriter.open(path) as store:
        store.repository(HERE, "graphql")
    path.chmod(0o444)
    (tmp_path / "store.db.lock").unlink(missing_ok=True)
    tmp_path.chmod(0o555)
    try:
        with Store(path) as store:
            assert store.status()[0].name == HERE.name
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                store.rows("DELETE FROM issues")
    finally:
        tmp_path.chmod(0o755)
