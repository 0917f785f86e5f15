"""A hosted copy of the archive: the table ``github_events`` of a ClickHouse server, and what it is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gis.archive.files import ArchiveFile, Hours, days_between, midnight
from gis.archive.patterns import regex_of
from gis.collector.servers import is_this_machine
from gis.errors import UsageError

ADDRESS = re.compile(
    r"clickhouse://(?:(?P<user>[^:@/]{1,100})(?P<password>:[^@/]{0,100})?@)?(?P<host>\[[0-9a-fA-F:]{2,45}\]|[^:/@]{1,253})"
    r"(?::(?P<port>\d{1,5}))?/(?P<table>(?:\w{1,100}\.)?\w{1,100})"
)
FORM = "clickhouse://USER@HOST:PORT/TABLE"
PASSWORD = "GIS_CLICKHOUSE_PASSWORD"
QUERY = Path(__file__).with_name("github_events.sql")


@dataclass(frozen=True)
class HostedTable:
    """A table of events on a server.

    Attributes:
        address: As it was typed.
        url: Of the server.
        user: Who asks.
        table: Its name.
        repositories: OWNER/NAME in which * stands for anything; none for all.
    """

    address: str
    url: str
    user: str
    table: str
    repositories: tuple[str, ...] = ()

    def query(self, first: date, last: date) -> str:
        """Return the query for some days."""
        name = "lower({0}.repo_name)"
        begin, end = (f"toDateTime('{day} 00:00:00', 'UTC')" for day in (first, last + timedelta(days=1)))
        condition = f"{{0}}.created_at >= {begin} AND {{0}}.created_at < {end}"
        if self.repositories:
            regex = regex_of(self.repositories).replace("\\", "\\\\")  # in a text of SQL
            condition += f" AND match({name}, '{regex}')"
        return QUERY.read_text(encoding="utf-8").format(
            table=self.table, asked=condition.format("asked"), wanted=condition.format("events")
        )


@dataclass(frozen=True)
class TableHours(Hours):
    """What a table is asked for in place of files.

    Attributes:
        table: The table.
    """

    table: HostedTable = field(kw_only=True)


def is_hosted(archive: str) -> bool:
    """Return whether an archive is a table on a server."""
    return archive.startswith("clickhouse:")


def hosted_table(archive: str, repositories: Sequence[str] = ()) -> HostedTable:
    """Return the table that an address names.

    Raises:
        UsageError: It is not such an address, or has a password in it.
    """
    match = ADDRESS.fullmatch(archive)
    if match is None:
        raise UsageError("a table of events is named by the server and the table", remedy=f"write it as {FORM}")
    if match["password"]:
        raise UsageError("a password does not belong into an address", remedy=f"let {PASSWORD} hold it")
    host = match["host"]
    plain = is_this_machine(host)
    url = f"{'http' if plain else 'https'}://{host}:{match['port'] or (8123 if plain else 443)}/"
    return HostedTable(archive, url, match["user"] or "default", match["table"], tuple(sorted(repositories)))


def hosted_hours(archive: str, first: str | None, last: str | None, repositories: Sequence[str] = ()) -> TableHours:
    """Return what a table of events is asked for: each day of a range, or each month where it is of few repositories.

    Args:
        archive: The address of the table.
        first: The first day, YYYY-MM-DD.
        last: The last day.
        repositories: OWNER/NAME in which * stands for anything; none for all.

    Raises:
        UsageError: There is no range, it is not over, or the address is not one.
    """
    table = hosted_table(archive, repositories)
    begin, end = days_between(first, last)
    if begin is None or end is None:
        raise UsageError("a table on a server needs a range", remedy="add --from 2024-01-01 --to 2024-01-31")
    today = datetime.now(UTC).date()
    if end >= today:  # its answer is kept, and would be asked for only once
        raise UsageError(f"{end} is not over, and a table is asked for whole days", remedy=f"end before {today}")
    files = []
    while begin <= end:
        after = (
            (begin.replace(day=1) + timedelta(days=31)).replace(day=1) if repositories else begin + timedelta(days=1)
        )
        until = min(after - timedelta(days=1), end)
        name = f"{begin} to {until}" if repositories else str(begin)
        place = f"{archive} {name} {' '.join(table.repositories)}"
        files.append(ArchiveFile(name, place, midnight(begin), 24 * ((until - begin).days + 1)))
        begin = after
    return TableHours(archive, tuple(files), table=table)
