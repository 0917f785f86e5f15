"""Download a file of an archive: continued where it broke off, tried again where the server fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
import urllib3

from gis.archive.files import ArchiveFile
from gis.archive.mending import GZIP
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import full_disk_named

ATTEMPTS = 5
FIRST_PAUSE = 1.0  # seconds; doubled each time
LONGEST_PAUSE = 60.0  # seconds; a server that asks for a longer one is asked again by the next run
FAILURES = 8  # in a row end a run: of a year, each of the others would be waited for in vain
LATER = "the same command continues later"
TIMEOUT = 60  # seconds without a byte
CHUNK = 1 << 16  # what comes of it before a connection breaks is kept
NOT_THERE = (404, 410)
VERSION = ".version"  # the ending of a file beside a part, which says what it is a part of


class NotOnServerError(GisError):
    """The server has no such file."""


class RefusedError(GisError):
    """A server will not answer, whatever it is asked for."""


class _AttemptError(Exception):
    """An attempt failed; ``pause`` is how many seconds the server asks to wait."""

    def __init__(self, reason: str, pause: float = 0) -> None:
        super().__init__(reason)
        self.pause = pause


class Download:
    """The files of an archive on this machine: downloaded into a folder for as long as they are needed.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "downloads"
        self._failures = 0  # files in a row

    @contextmanager
    def fetch(self, file: ArchiveFile) -> Iterator[Path]:
        """Yield the path of a file, and remove it afterwards where it was downloaded.

        Raises:
            NotOnServerError: The server has no such file.
            RefusedError: It failed for as many files in a row as end a run.
            GisError: The server fails for good; what was downloaded is kept.
        """
        if not file.is_remote:
            yield Path(file.place)
            return
        make_folder(self._folder)
        path = self._folder / f"{file.key}.{file.name}"  # several addresses may end in the same name
        part = path.with_name(f"{path.name}.part")
        if not path.exists():
            with full_disk_named(part):
                self._download(file, part)
                part.replace(path)
                _version_of(part).unlink(missing_ok=True)
        yield path
        path.unlink()

    def _download(self, file: ArchiveFile, part: Path) -> None:
        """Fetch the rest of a file, and count how many failed in a row; threads may miscount by one."""
        try:
            _download(file.place, part, is_gzip=file.name.lower().endswith(".gz"))
        except NotOnServerError:
            self._failures = 0
            raise
        except GisError as error:
            self._failures += 1
            if self._failures < FAILURES:
                raise
            raise RefusedError(f"{FAILURES} files in a row fail; {error}", remedy=LATER) from error
        self._failures = 0


def size_of(file: ArchiveFile) -> int:
    """Return the bytes of a file; 0 where the server does not say."""
    if not file.is_remote:
        return Path(file.place).stat().st_size
    try:
        with requests.head(file.place, timeout=TIMEOUT, allow_redirects=True) as answer:
            return int(answer.headers.get("Content-Length", 0)) if answer.ok else 0
    except (requests.RequestException, ValueError):
        return 0


def _download(address: str, part: Path, *, is_gzip: bool) -> None:
    """Fetch the rest of a file."""
    pause = FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _attempt(address, part)
            _check_is_file(part, is_gzip=is_gzip)
        except (_AttemptError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            asked = error.pause if isinstance(error, _AttemptError) else 0
            if attempt == ATTEMPTS or asked > LONGEST_PAUSE:
                raise GisError(f"{address} cannot be downloaded: {plainly(error)}", remedy=LATER) from error
        else:
            return
        time.sleep(max(pause, asked))
        pause *= 2


def _attempt(address: str, part: Path) -> None:
    """Fetch the rest of a file.

    Raises:
        NotOnServerError: The server has no such file.
        _AttemptError: It is not whole.
    """
    begin = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begin}-"} if begin else {})
    with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code in NOT_THERE:
            raise NotOnServerError(f"the server has no {address}")
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            _begin_again(part)  # it was whole, or is of another version
        if answer.status_code not in (requests.codes.ok, requests.codes.partial_content):
            raise _AttemptError(f"the server answers {answer.status_code}", _pause_asked_for(answer))
        continues = answer.status_code == requests.codes.partial_content
        if continues and not _is_the_rest(answer, part, begin):
            _begin_again(part)
        if not continues:
            part.unlink(missing_ok=True)
            _version_of(part).write_text(_version(answer), encoding="utf-8")
        length = answer.headers.get("Content-Length", "")
        written = 0
        with part.open("ab") as file:
            for chunk in answer.raw.stream(CHUNK, decode_content=False):  # some servers call a .gz an encoding
                written += file.write(chunk)
        if length.isdecimal() and written != int(length):
            raise _AttemptError(f"the server sent {written:,} of {length} bytes")


def _version_of(part: Path) -> Path:
    return part.with_name(part.name + VERSION)


def _version(answer: requests.Response) -> str:
    """Return what tells one version of a file from another, as far as the server says."""
    return " ".join(answer.headers.get(name, "") for name in ("ETag", "Last-Modified"))


def _is_the_rest(answer: requests.Response, part: Path, begin: int) -> bool:
    """Return whether an answer goes on where a part ends, and is of the same version."""
    place = answer.headers.get("Content-Range", f"bytes {begin}-")
    try:
        version = _version_of(part).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return place.startswith(f"bytes {begin}-") and version == _version(answer)


def _begin_again(part: Path) -> None:
    part.unlink(missing_ok=True)
    raise _AttemptError("it has changed on the server")


def _check_is_file(part: Path, *, is_gzip: bool) -> None:
    """Check that a server has not sent a page of its own in place of a file."""
    with part.open("rb") as file:
        begin = file.read(len(GZIP))
    if is_gzip and begin != GZIP:
        part.unlink()
        raise _AttemptError("what the server sends is not compressed by gzip")


def plainly(error: Exception) -> str:
    """Return why a server was not reached."""
    said = str(error).rpartition(": ")[2].strip("\"')>")  # requests puts one error into another
    return said[:200] or type(error).__name__


def _pause_asked_for(answer: requests.Response) -> float:
    """Return how many seconds a server asks to wait, as a number or until a time."""
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked)
    with suppress(ValueError):
        until = parsedate_to_datetime(asked)
        return (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return 0
