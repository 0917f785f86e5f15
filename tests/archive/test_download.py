"""Files of a server: continued, tried again, missing."""

import gzip
import hashlib
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gis.archive import download
from gis.archive.collect import ArchiveReport, collect_archive
from gis.archive.download import Download, NotOnServerError
from gis.archive.estimate import estimate_archive
from gis.archive.files import ArchiveFile, find_hours
from gis.errors import GisError
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.archive.test_collect import content
from tests.command_line import Gis

CONTENT = gzip.compress(bytes(range(256)) * 4000, 0)


class Server:
    """A server of a folder that fails where it is told to.

    Attributes:
        url: Its address.
        failures: By path, what the next answers are: a status, with a header or without; "break" after half of what was
            asked for; "elsewhere" for another part than that; or a text in place of the file.
        encoding: What it calls its files' encoding.
        asked: How often each path was asked for, with the place from which on.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.failures: dict[str, list[int | str | bytes | tuple[int, str, str]]] = {}
        self.encoding = ""
        self.asked: Counter[tuple[str, int]] = Counter()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/").partition("?")[0]
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            server.asked[name, begin] += 1
            failures = server.failures.get(name, [])
            failure = failures.pop(0) if failures else None
            path = server.folder / name
            if isinstance(failure, tuple):
                self.send_response(failure[0])
                self.send_header(*failure[1:])
                self.end_headers()
                return
            if isinstance(failure, int) or not path.is_file():
                self.send_error(failure if isinstance(failure, int) else 404)
                return
            whole = failure if isinstance(failure, bytes) else path.read_bytes()
            begin = begin // 2 if failure == "elsewhere" else begin
            content = whole[begin:]
            self.send_response(206 if begin else 200)
            self.send_header("ETag", f'"{hashlib.sha256(whole).hexdigest()}"')
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(whole) - 1}/{len(whole)}")
            if server.encoding:
                self.send_header("Content-Encoding", server.encoding)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if failure == "break" else content)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server = Server(folder, f"http://127.0.0.1:{http.server_port}")
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "FIRST_PAUSE", 0.0)


def fetched(server: Server, folder: Path, name: str = "x.gz") -> bytes:
    with Download(folder).fetch(ArchiveFile(name, f"{server.url}/{name}", None)) as path:
        return path.read_bytes()


def test_a_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    with serving(tmp_path) as server:
        server.failures["x.gz"] = ["break", 503, "break"]
        assert fetched(server, tmp_path / "work") == CONTENT
        begins = [begin for _, begin in server.asked]
    assert begins[0] == 0
    assert sorted(begins) == begins
    assert len(begins) >= 3
    assert not any((tmp_path / "work" / "downloads").iterdir())


def test_what_was_downloaded_is_kept_where_the_server_fails_for_good(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    with serving(tmp_path) as server:
        server.failures["x.gz"] = ["break", *[500] * (download.ATTEMPTS - 1)]
        with pytest.raises(GisError, match="cannot be downloaded: the server answers 500"):
            fetched(server, tmp_path / "work")
        assert fetched(server, tmp_path / "work") == CONTENT
    assert max(begin for _, begin in server.asked) > 0


def test_a_file_that_the_server_does_not_have_is_asked_for_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        with pytest.raises(NotOnServerError):
            fetched(server, tmp_path / "work")
        assert server.asked.total() == 1


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        pass
    with pytest.raises(GisError, match=r"cannot be downloaded: .*Connection refused"):
        fetched(server, tmp_path)


def test_a_file_that_changes_on_the_server_is_not_pieced_together(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    other = gzip.compress(bytes(range(255, -1, -1)) * 4000, 0)
    with serving(tmp_path) as server:
        server.failures["x.gz"] = ["break", *[500] * (download.ATTEMPTS - 1)]
        with pytest.raises(GisError):
            fetched(server, tmp_path / "work")
        (tmp_path / "x.gz").write_bytes(other)
        assert fetched(server, tmp_path / "work") == other


def test_another_part_than_the_rest_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    with serving(tmp_path) as server:
        server.failures["x.gz"] = ["break", "elsewhere"]
        assert fetched(server, tmp_path / "work") == CONTENT


def test_files_of_one_name_in_several_folders_are_not_confused(tmp_path: Path) -> None:
    for day in ("2024-01-01", "2024-01-02"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "5.json.gz").write_bytes(gzip.compress(day.encode()))
    with serving(tmp_path) as server:
        hours = find_hours(f"{server.url}/{{day}}/{{hour}}.json.gz", "2024-01-01", "2024-01-02")
        first, second = (file for file in hours.files if file.hour is not None and file.hour.hour == 5)
        with Download(tmp_path / "work").fetch(first) as one, Download(tmp_path / "work").fetch(second) as two:
            assert [gzip.decompress(path.read_bytes()) for path in (one, two)] == [b"2024-01-01", b"2024-01-02"]


def test_a_page_in_place_of_a_file_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    with serving(tmp_path) as server:
        server.failures["x.gz"] = [b"<html>sign in</html>", b"", (200, "Content-Length", "much")]
        assert fetched(server, tmp_path / "work") == CONTENT
        server.failures["x.gz"] = [b"<html>"] * download.ATTEMPTS
        with pytest.raises(GisError, match="cannot be downloaded: what the server sends is not compressed by gzip"):
            fetched(server, tmp_path / "work")
    assert not any((tmp_path / "work").rglob("*.part"))


def test_a_file_that_a_server_calls_encoded_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    with serving(tmp_path) as server:
        server.encoding = "gzip"
        server.failures["x.gz"] = ["break"]
        assert fetched(server, tmp_path / "work") == CONTENT


def test_a_server_is_asked_again_when_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.gz").write_bytes(CONTENT)
    pauses: list[float] = []
    monkeypatch.setattr("gis.archive.download.time.sleep", pauses.append)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    with serving(tmp_path) as server:
        server.failures["x.gz"] = [(429, "Retry-After", "7"), (503, "Retry-After", soon), (503, "Retry-After", "soon")]
        assert fetched(server, tmp_path / "work") == CONTENT
        assert pauses[0] == 7
        assert 40 < pauses[1] <= 50
        assert pauses[2] == 0
        server.failures["x.gz"] = [(429, "Retry-After", "86400")]
        with pytest.raises(GisError, match="the server answers 429"):
            fetched(server, tmp_path / "work")


def test_a_server_that_fails_for_many_files_in_a_row_is_not_waited_for_in_vain(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=20)
    with serving(tmp_path / "hours") as server:
        pattern = f"{server.url}/{{day}}-{{hour}}.json.gz"
        for hour in range(5, 20):
            server.failures[f"2020-01-01-{hour}.json.gz"] = [500] * download.ATTEMPTS
        with pytest.raises(GisError, match=r"8 files in a row fail; .* the server answers 500"):
            collect_archive(pattern, tmp_path / "store.db", first="2020-01-01", last="2020-01-31")
        server.failures.clear()
        report = collect_archive(pattern, tmp_path / "store.db", first="2020-01-01", last="2020-01-01")
    assert report.about["files"] == 20


def test_an_archive_on_a_server_gives_what_it_gives_in_a_folder(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], faults=["missing hour"], files=20)
    in_place = collect_archive(str(tmp_path / "hours"), tmp_path / "folder.db")
    with serving(tmp_path / "hours") as server:
        pattern = f"{server.url}/{{day}}-{{hour}}.json.gz"
        report = collect_archive(pattern, tmp_path / "server.db", first="2020-01-01", last="2020-01-01")
    assert report.lines.total == in_place.lines.total
    assert report.repositories == in_place.repositories
    assert in_place.missing[0] in report.missing
    assert len(report.missing) == 24 - len(in_place.hours.files)


def test_an_estimate_counts_no_file_that_could_not_be_read_and_no_size_that_a_server_does_not_tell(
    tmp_path: Path,
) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=12)
    with serving(tmp_path / "hours") as server:
        pattern = f"{server.url}/{{day}}-{{hour}}.json.gz"
        estimate = estimate_archive(pattern, tmp_path / "store.db", first="2020-01-01", last="2020-01-01")
    read = len([*(tmp_path / "store.db.archive").rglob("*.parquet")])
    assert 0 < read == estimate.read_before < estimate.sampled
    assert str(estimate).startswith(f"24 files, {read} of which are read")


def test_hours_that_fail_now_and_were_read_before_take_nothing_from_a_store(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=20)
    with serving(tmp_path / "hours") as server:
        pattern = f"{server.url}/{{day}}-{{hour}}.json.gz"

        def collected() -> ArchiveReport:
            return collect_archive(pattern, tmp_path / "store.db", first="2020-01-01", last="2020-01-01")

        server.failures["2020-01-01-3.json.gz"] = [500] * download.ATTEMPTS
        first = collected()
        assert any(
            note.startswith("files that could not be read: 1 (2020-01-01-3.json.gz); ") for note in first.notes()
        )
        assert (first.about["files"], first.about["missing hours"], len(first.missing)) == (19, 5, 4)
        assert first.about["hours"] == [("2020-01-01T00", "2020-01-01T02"), ("2020-01-01T04", "2020-01-01T19")]
        collected()
        before = content(tmp_path / "store.db")
        shutil.rmtree(tmp_path / "store.db.archive")
        server.failures["2020-01-01-15.json.gz"] = [500] * download.ATTEMPTS
        with pytest.raises(GisError, match="from 1 hours, such as 2020-01-01-15, that this run does not read"):
            collected()
        assert content(tmp_path / "store.db") == before


def test_a_password_in_an_address_is_neither_stored_nor_reported(tmp_path: Path, gis: Gis) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=20)
    with serving(tmp_path / "hours") as server:
        address = server.url.replace("://", "://someone:hunter2secret@") + "/{day}-{hour}.json.gz?sig=abcdefgh1234"
        server.failures["2020-01-01-3.json.gz"] = [500] * download.ATTEMPTS
        done = gis(
            "collect", "--archive", address, "--from", "2020-01-01", "--to", "2020-01-01",
            "--store", tmp_path / "store.db", "--report", tmp_path / "report",
        )  # fmt: skip
    assert done.status == 0, done.err
    shown = done.out + done.err
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "hours" not in path.parts]
    for secret in ("hunter2secret", "abcdefgh1234"):
        assert secret not in shown
        assert not any(secret.encode() in part for part in written)
