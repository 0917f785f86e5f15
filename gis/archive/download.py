"""Download a file of an archive: continued where it broke off, tried again where the server fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from gis.archive.files import ArchiveFile
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import full_disk_named

ATTEMPTS = 5
FIRST_PAUSE = 1.0  # seconds; doubled each time
TIMEOUT = 60  # seconds without a byte
CHUNK = 1 << 16  # what comes of it before a connection breaks is kept
NOT_THERE = (404, 410)


class NotOnServerError(GisError):
    """The server has no such file."""


class Download:
    """The files of an archive on this machine: downloaded into a folder for as long as they are needed.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "downloads"

    @contextmanager
    def fetch(self, file: ArchiveFile) -> Iterator[Path]:
        """Yield the path of a file, and remove it afterwards where it was downloaded.

        Raises:
            NotOnServerError: The server has no such file.
            GisError: The server fails for good; what was downloaded is kept.
        """
        if not file.is_remote:
            yield Path(file.place)
            return
        make_folder(self._folder)
        path = self._folder / file.name
        part = path.with_name(f"{file.name}.part")
        if not path.exists():
            with full_disk_named(part):
                _download(file.place, part)
                part.replace(path)
        yield path
        path.unlink()


def size_of(file: ArchiveFile) -> int:
    """Return the bytes of a file; 0 where the server does not say."""
    if not file.is_remote:
        return Path(file.place).stat().st_size
    try:
        with requests.head(file.place, timeout=TIMEOUT, allow_redirects=True) as answer:
            return int(answer.headers.get("Content-Length", 0)) if answer.ok else 0
    except (requests.RequestException, ValueError):
        return 0


def _download(address: str, part: Path) -> None:
    """Fetch the rest of a file."""
    pause, failure = FIRST_PAUSE, ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause)
            pause *= 2
        try:
            failure = _attempt(address, part)
        except requests.RequestException as error:
            failure = str(error)
        if not failure:
            return
    raise GisError(f"{address} cannot be downloaded: {failure}", remedy="the same command continues later")


def _attempt(address: str, part: Path) -> str:
    """Fetch the rest of a file, or return why that failed."""
    begin = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begin}-"} if begin else {})
    with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code in NOT_THERE:
            raise NotOnServerError(f"the server has no {address}")
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            with suppress(FileNotFoundError):  # it was whole, or is of another version: begin again
                part.unlink()
            return "it has changed on the server"
        if answer.status_code not in (requests.codes.ok, requests.codes.partial_content):
            return f"the server answers {answer.status_code}"
        continues = answer.status_code == requests.codes.partial_content
        length = answer.headers.get("Content-Length")
        written = 0
        with part.open("ab" if continues else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                written += file.write(chunk)
        if length is not None and written != int(length):
            return f"the server sent {written:,} of {length} bytes"
    return ""
