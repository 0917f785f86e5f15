"""Answers of a ClickHouse server that has a table of events: whole or not at all."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import requests

from gis.archive.columns import write_events
from gis.archive.download import LATER, RefusedError, plainly
from gis.archive.engines import ROWS_PER_GROUP
from gis.archive.files import ArchiveFile
from gis.archive.hosted import FORM, PASSWORD, HostedTable
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import full_disk_named
from gis.masking import remember_secret

ATTEMPTS, FIRST_PAUSE = 5, 1.0  # pauses in seconds; doubled each time
ANSWERS_WITHIN = 900  # seconds until the first byte: the server reads the table before
CHUNK = 1 << 20
END = b"PAR1"  # of a Parquet file that is whole
FAILURE = re.compile(r"Code: (?P<code>\d{1,4})\. DB::Exception: (?P<reason>[^\n]{1,300})")
LAST = 1 << 14  # bytes of an answer in which the server says why it broke off
# Codes of ClickHouse's errors.
BUSY = (202, 209, 210, 319)  # too many queries at once, timeouts and breaks of its network
REFUSED = (192, 193, 194, 516)
NOT_THERE = (36, 60, 81)
OTHER_COLUMNS = (10, 16, 47)
TOO_MUCH = (62, 158, 159, 160, 201, 241, 307, 396)
BUSY_STATUSES = (429, 500, 502, 503, 504)


class Server:
    """A server that is asked for the events of a table, which are kept as long as they are needed.

    Args:
        table: The table.
        folder: Where answers are kept.
    """

    def __init__(self, table: HostedTable, folder: Path) -> None:
        self._table = table
        self._folder = folder / "downloads"
        self._password = remember_secret(os.environ.get(PASSWORD, ""))

    @contextmanager
    def fetch(self, file: ArchiveFile) -> Iterator[Path]:
        """Yield a Parquet file with the events of some days, and remove it afterwards.

        Raises:
            GisError: The server does not give them.
        """
        assert file.hour is not None
        make_folder(self._folder)
        path = self._folder / f"{file.key}.parquet"
        first = file.hour.date()
        query = self._table.query(first, first + timedelta(days=file.hours // 24 - 1))
        pause = FIRST_PAUSE
        with full_disk_named(path):
            for attempt in range(ATTEMPTS):
                try:
                    self._ask(query, path)
                    break
                except _BusyError:
                    if attempt == ATTEMPTS - 1:
                        raise
                    time.sleep(pause)
                    pause *= 2
        yield path
        path.unlink()

    def _ask(self, query: str, path: Path) -> None:
        """Write the answer to a query into a file."""
        account = {"X-ClickHouse-User": self._table.user}
        if self._password:
            account["X-ClickHouse-Key"] = self._password
        try:
            with requests.post(
                self._table.url,
                data=query.encode(),
                headers=account,
                stream=True,
                timeout=(ANSWERS_WITHIN, ANSWERS_WITHIN),
                allow_redirects=False,
            ) as answer:
                if answer.status_code != requests.codes.ok:
                    raise self._failure(answer.raw.read(LAST, decode_content=True) or b"", answer.status_code)
                with path.open("wb") as file:
                    for chunk in answer.iter_content(CHUNK):
                        file.write(chunk)
        except requests.RequestException as error:
            raise _BusyError(f"{self._table.url} does not answer: {plainly(error)}", remedy=LATER) from error
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LAST))
            end = file.read()
        if not end.endswith(END):
            raise self._failure(end, requests.codes.ok)

    def _failure(self, said: bytes, status: int) -> GisError:
        """Return the error for an answer that is not whole."""
        match = FAILURE.search(said.decode(errors="replace"))
        url, table = self._table.url, self._table.table
        if match is None:
            if status == requests.codes.ok:
                return _BusyError(f"the answer of {url} breaks off", remedy=LATER)
            what = f"{url} answers {status}, and not as ClickHouse does"
            return (
                _BusyError(what, remedy=LATER)
                if status in BUSY_STATUSES
                else RefusedError(what, remedy=f"write {FORM}")
            )
        code, reason = int(match["code"]), match["reason"]
        if code in REFUSED:
            return RefusedError(
                f"{url} refuses {self._table.user}", remedy=f"name a user in the address, and set {PASSWORD}"
            )
        if code in NOT_THERE:
            return RefusedError(
                f"{url} has no table {table}", remedy=f"write {FORM}, or {FORM.replace('TABLE', 'BASE.TABLE')}"
            )
        if code in OTHER_COLUMNS:
            return RefusedError(f"{table} has other columns than ClickHouse's github_events: {reason}")
        if code in TOO_MUCH:
            return RefusedError(f"{url} does not do so much: {reason}", remedy="name few repositories by --repo")
        return (_BusyError if code in BUSY else RefusedError)(f"{url} cannot answer: {reason}", remedy=LATER)


class _BusyError(GisError):
    """A server fails, and may not fail a moment later."""


def write_answer(path: Path, events: Path, _: object = None) -> None:
    """Write what a server answered as events.

    Args:
        path: The answer.
        events: The Parquet file to write.

    Raises:
        FullDiskError: There is no room for it.
        GisError: The answer cannot be read.
    """
    try:
        with pq.ParquetFile(path) as answer:
            batches = answer.iter_batches(ROWS_PER_GROUP)
            write_events(events, (dict(zip(batch.schema.names, batch.columns, strict=True)) for batch in batches))
    except (pa.ArrowException, ValueError) as error:
        raise GisError(f"the server's answer cannot be read: {error}") from error
