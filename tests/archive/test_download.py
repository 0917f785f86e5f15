"""Files of a server: continued, tried again, missing."""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gis.archive import download
from gis.archive.collect import collect_archive
from gis.archive.download import Download, NotOnServerError
from gis.archive.files import ArchiveFile
from gis.errors import GisError
from tests.archive.helpers import world
from tests.archive.hours import write_hours

CONTENT = gzip.compress(bytes(range(256)) * 4000, 0)


class Server:
    """A server of a folder that fails where it is told to.

    Attributes:
        url: Its address.
        failures: By path, what the next answers are: a status, or "break" after half of what was asked for.
        asked: How often each path was asked for, with the place from which on.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.failures: dict[str, list[int | str]] = {}
        self.asked: Counter[tuple[str, int]] = Counter()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            server.asked[name, begin] += 1
            failures = server.failures.get(name, [])
            failure = failures.pop(0) if failures else None
            path = server.folder / name
            if isinstance(failure, int) or not path.is_file():
                self.send_error(failure if isinstance(failure, int) else 404)
                return
            content = path.read_bytes()[begin:]
            self.send_response(206 if begin else 200)
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
    with pytest.raises(GisError, match="cannot be downloaded"):
        fetched(server, tmp_path)


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
