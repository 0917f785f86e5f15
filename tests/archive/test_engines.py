"""Every engine makes the same store of the same hours, whatever is wrong with them."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gis.archive.collect import ArchiveReport, collect_archive
from gis.archive.connections import connected
from gis.archive.engines import plain
from gis.errors import GisError, UsageError
from tests.archive.helpers import world
from tests.archive.hours import FAULTS, write_hours
from tests.collector.world import user_row
from tests.command_line import Gis

OF_RUNS = {"runs", "changes", "repositories"}
needs_spark = pytest.mark.skipif(find_spec("pyspark") is None, reason="needs pyspark: pip install 'pyspark[connect]'")
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="needs Java: apt-get install default-jre")
needs_sail = pytest.mark.skipif(find_spec("pysail") is None, reason="needs Spark Connect: pip install pysail")
# Comments and labels in which engines could see other letters, or another pattern.
ODD = [
    ("DUPLICATE OF \u0130SSUE 3", "DUPLICATE"),
    ("dup of \uff035 \U0001f600", "重复"),
    ("\u017fee I\u0307ssue 7\r\nDuplicate of GH-7", 'it\'s a "dup\\licate"\n'),
    ("Dup of #9 \ufeff\u2028\x85", "C-дубликат"),
    ("", "a, b}]"),
]
MANY = 9000  # lines: more than some engines write into one file
PUSHED = '{"id":"1","type":"PushEvent"}'
OPENED = (
    '{"id":"%d","type":"IssuesEvent","created_at":"2020-01-03T00:00:00Z","actor":{"id":1,"login":"a"},"repo":{"id":4711,'
    '"name":"octo/widgets"},"payload":{"action":"opened","issue":{"id":1,"number":%d,"title":"}{","body":"%s","state":'
    '"open","comments":0,"created_at":"2020-01-03T00:00:00Z","user":{"login":"a","id":1}}}}'
)
# As they stand in JSON. None of them is wrong, so no file is mended for them.
ODD_BODIES = [
    r"\ud83d\ude00 \uD83D\uDE00",
    r"\\ud83d",
    r"\\\ud83d\ude00",
    r"{}{\"a\":1}",
    r"\u0000",
    r"a\r\n\u2028",
    "}{",
]


def rows_of(store: Path) -> dict[str, list[Any]]:
    """Every row of every table of a store that does not say when a run was."""
    with sqlite3.connect(store) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in tables
            if table not in OF_RUNS
        }


def collected(hours: Path, work: Path, engine: str) -> tuple[ArchiveReport, dict[str, list[Any]]]:
    report = collect_archive(str(hours), work / "store.db", engine=engine, repositories=["OCTO/wid*", "a/*"])
    return report, rows_of(work / "store.db")


def part_of(hours: Path, work: Path, engine: str) -> list[Any]:
    """The issues of a part of what an engine has read before."""
    collect_archive(str(hours), work / "part.db", engine=engine, unrelated=1, work=work / "store.db.archive")
    return rows_of(work / "part.db")["issues"]


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hours with every fault."""
    folder = tmp_path_factory.mktemp("hours")
    repository = world(20)
    numbers = sorted(repository.issues)
    for number, (text, label) in zip(numbers, ODD, strict=False):
        repository.add_comment(number, text, user_row(1))
        repository.issues[number]["labels"] = [{"name": label}, {"name": "a"}]
    write_hours(folder, [repository], files=4, faults=FAULTS)
    lines = [OPENED % (number, number, text) for number, text in enumerate(ODD_BODIES, start=900)]
    (folder / "2020-01-03-0.json").write_text("\n".join([*lines, *[PUSHED] * MANY]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def expected(hours: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ArchiveReport, dict[str, list[Any]]]:
    """What DuckDB makes of them."""
    return collected(hours, tmp_path_factory.mktemp("duckdb"), "duckdb")


@pytest.fixture(scope="module")
def part(hours: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The issues of a part of what DuckDB makes of them."""
    issues = part_of(hours, tmp_path_factory.mktemp("part"), "duckdb")
    assert issues
    return issues


def check(
    engine: str,
    hours: Path,
    expected: tuple[ArchiveReport, dict[str, list[Any]]],
    work: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Compare what an engine makes of the hours with what DuckDB does: every row, line and candidate."""
    report, rows = collected(hours, work, engine)
    assert "by this machine alone" not in capsys.readouterr().err  # rulings were read where the engine has its data
    assert report.lines == expected[0].lines
    assert report.candidates.issues == expected[0].candidates.issues
    assert report.candidates.rulings == expected[0].candidates.rulings
    assert rows == expected[1]
    assert sum(map(len, rows.values())) > 100


@pytest.mark.slow
def test_clickhouse_makes_the_same_store(
    hours: Path,
    expected: tuple[ArchiveReport, dict[str, list[Any]]],
    part: list[Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("chdb", reason="needs chdb: pip install chdb")
    check("clickhouse", hours, expected, tmp_path, capsys)
    assert part_of(hours, tmp_path, "clickhouse") == part


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A master of Spark and two workers, each a process, which start a process each for what they run."""
    home = str(Path(str(find_spec("pyspark").origin)).parent)  # type: ignore[union-attr]
    deploy = "org.apache.spark.deploy"
    of_all = ["--host", "127.0.0.1", "--webui-port", "0"]
    with ExitStack() as running:

        def start(name: str, *options: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [f"{home}/bin/spark-class", f"{deploy}.{name}", *of_all, *options],
                env={**os.environ, "SPARK_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        log = start("master.Master", "--port", "0").stderr
        assert log is not None
        address = next(found[0] for line in log if (found := re.search(r"spark://127[\d.]+:\d+", line)))
        Thread(target=log.read, daemon=True).start()  # or it would wait for a reader
        for number in range(2):
            work = ["--work-dir", str(folder / f"worker-{number}")]
            worker = start("worker.Worker", "--cores", "1", "--memory", "1g", *work, address)
            assert worker.stderr is not None
            Thread(target=worker.stderr.read, daemon=True).start()
        yield address


@needs_spark
@needs_java
@pytest.mark.slow
def test_a_cluster_of_spark_with_two_workers_makes_the_same_store(
    hours: Path,
    expected: tuple[ArchiveReport, dict[str, list[Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # six start: half the time
    with cluster(tmp_path) as address:
        check(address, hours, expected, tmp_path, capsys)


@contextmanager
def sail() -> Iterator[str]:
    """A server of Spark Connect in this process."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start()
    try:
        yield "sc://{}:{}".format(*server.listening_address)
    finally:
        server.stop()


@needs_spark
@needs_sail
@pytest.mark.slow
def test_a_server_of_spark_connect_makes_the_same_store(
    hours: Path,
    expected: tuple[ArchiveReport, dict[str, list[Any]]],
    part: list[Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with sail() as address:
        check(address, hours, expected, tmp_path, capsys)
        assert part_of(hours, tmp_path, address) == part


@needs_spark
@needs_sail
@pytest.mark.slow
def test_a_server_that_has_other_folders_loses_no_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=2)
    monkeypatch.setattr("gis.archive.spark.plain", lambda path: f"{path}.elsewhere")  # which Sail reads as empty
    with sail() as address, pytest.raises(GisError, match=r"Spark does not find .*: its machines have other"):
        collect_archive(str(tmp_path / "hours"), tmp_path / "store.db", engine=address)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("spark", "'spark' is not an engine"),
        ("bigquery", "'bigquery' is not an engine"),
        ("sc://nowhere", "'sc://nowhere' is not the address of a server"),
        ("local[\x1b", "is not an engine"),
    ],
)
def test_an_unknown_engine_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)), connected(name, tmp_path):
        pass


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))  # and does not listen
        yield server.getsockname()[1]


@needs_spark
@pytest.mark.parametrize("scheme", ["sc", "spark"])
def test_a_server_that_does_not_answer_is_named(tmp_path: Path, closed_port: int, scheme: str) -> None:
    name = f"{scheme}://127.0.0.1:{closed_port}"
    with pytest.raises(GisError, match=f"no server answers at {name}"), connected(name, tmp_path):
        pass


@pytest.fixture
def page() -> Iterator[int]:
    """The port of a page that shows the version of the master of Spark that it is itself."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f'<span class="version" >3.5.7</span> spark://{self.headers["Host"]}'.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@needs_spark
@needs_java
def test_a_master_of_another_version_is_named_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("gis.archive.spark_session.PAGE", page)
    message = f"spark://127.0.0.1:{page} is Spark 3.5.7, and pyspark here is {version('pyspark')}"
    with pytest.raises(GisError, match=re.escape(message)), connected(f"spark://127.0.0.1:{page}", tmp_path):
        pass


@needs_spark
def test_what_is_not_a_server_of_spark_connect_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("gis.archive.spark_session.PATIENCE", 0.2)
    message = f"what answers at sc://127.0.0.1:{page} is not a server of Spark Connect"
    with pytest.raises(GisError, match=message), connected(f"sc://127.0.0.1:{page}", tmp_path):
        pass


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("clickhouse", "gis.archive.clickhouse", "clickhouse"), ("local[2]", "gis.archive.spark_session", "spark")],
)
def test_an_extra_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with (
        pytest.raises(GisError, match=rf"pip install 'gis-similarity\[archive,{extra}\]'"),
        connected(name, tmp_path) as connection,
    ):
        connection.engine()


@needs_spark
def test_where_there_is_no_java_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(GisError, match="Spark needs Java, which is not installed"), connected("local[2]", tmp_path):
        pass


@needs_spark
@pytest.mark.parametrize(
    ("java_version", "message"),
    [("1.8.0_362", "needs Java 17 or newer; .* is Java 8"), ("25.0.2", "with the module .*, which .* has not")],
)
def test_a_java_that_does_not_do_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, java_version: str, message: str
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{java_version}\"' >&2\nexit $(($# - 1))\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(GisError, match=message), connected("local[2]", tmp_path):
        pass


def test_a_path_that_an_engine_takes_for_a_pattern_is_refused(tmp_path: Path) -> None:
    assert plain(tmp_path / "a b'c") == str(tmp_path / "a b'c")
    with pytest.raises(GisError, match="takes for a pattern"):
        plain(tmp_path / "{a}")


def test_the_command_line_names_an_engine_that_is_not_one(gis: Gis, tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=2)
    done = gis("collect", "--archive", tmp_path / "hours", "--store", tmp_path / "a.db", "--engine", "mysql")
    assert done.status == 2
    assert "'mysql' is not an engine; choose duckdb, clickhouse, spark://HOST:PORT" in " ".join(done.err.split())
    done = gis("collect", "--repo", "a/b", "--engine", "duckdb")
    assert "--engine and --report are for archives" in " ".join(done.err.split())
