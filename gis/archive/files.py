"""The files of an archive: a folder of hours, a glob, or a pattern of addresses with a range of days."""

import glob
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from gis.errors import GisError, UsageError
from gis.masking import masked, remember_address
from gis.text import visible

GHARCHIVE_URL = "https://data.gharchive.org/{day}-{hour}.json.gz"
PUBLIC = "gharchive"  # what to type for it
HOUR = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)-(?P<hour>\d{1,2})(?=\.)")
ENDINGS = (".json.gz", ".json", ".jsonl.gz", ".jsonl", ".ndjson.gz", ".ndjson")  # in any case of letters
SCHEMES = ("http://", "https://")
PLACE = re.compile(r"\{[^{}]*\}|[{}]")  # of an address
HASH = 10  # hexadecimal digits


class ArchiveFile(NamedTuple):
    """A file of an archive.

    Attributes:
        name: Its name, without folders.
        place: Its path, or its address.
        hour: The hour that it is named after, or the first of several; None where it is not named after one.
        hours: How many hours it holds.
        version: Of a file on this machine, as it was when the archive was listed: its path, size and time; and how it
            is read, where people say so.
    """

    name: str
    place: str
    hour: datetime | None
    hours: int = 1
    version: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether it must be downloaded."""
        return "://" in self.place

    def all_hours(self) -> Iterator[datetime]:
        """Yield every hour that it holds."""
        if self.hour is not None:
            yield from (self.hour + timedelta(hours=n) for n in range(self.hours))

    @property
    def key(self) -> str:
        """A name for what is made of it: it sorts by hours, and changes when the file does."""
        hour = "" if self.hour is None else f"{self.hour:%Y-%m-%d-%H}."
        return f"{hour}{hashlib.sha256((self.version or self.place).encode()).hexdigest()[:HASH]}"


@dataclass(frozen=True)
class Hours:
    """The files of an archive, and what is odd about them.

    Attributes:
        archive: What was asked for, without passwords.
        files: In the order of their hours.
        missing: Hours of the range, or between the first and the last file, that have none.
        doubled: Hours of several files.
        outside: How many files there are outside the range, or without an hour in their name where a range is given.
    """

    archive: str
    files: tuple[ArchiveFile, ...]
    missing: tuple[datetime, ...] = ()
    doubled: tuple[datetime, ...] = ()
    outside: int = 0

    @property
    def days(self) -> tuple[str, str] | None:
        """The first and the last day of the hours, YYYY-MM-DD; None where no file is named after one."""
        hours = sorted(self._hours())
        return (f"{hours[0]:%Y-%m-%d}", f"{hours[-1]:%Y-%m-%d}") if hours else None

    @property
    def ranges(self) -> list[tuple[str, str]]:
        """The hours of the files as stretches without a gap, each from its first hour to its last: 2024-01-01T05."""
        stretches: list[tuple[str, str]] = []
        ends: datetime | None = None
        for hour in sorted(self._hours()):
            begins = stretches.pop()[0] if ends is not None and hour - ends == timedelta(hours=1) else _as_text(hour)
            stretches.append((begins, _as_text(hour)))
            ends = hour
        return stretches

    def _hours(self) -> set[datetime]:
        return {hour for file in self.files for hour in file.all_hours()}


def hours_in(ranges: Iterable[Sequence[str]]) -> set[datetime]:
    """Return the hours of some stretches; see ``Hours.ranges``."""
    hours: set[datetime] = set()
    for first, last in ranges:
        hour = _from_text(first)
        while hour <= _from_text(last):
            hours.add(hour)
            hour += timedelta(hours=1)
    return hours


def _as_text(hour: datetime) -> str:
    return f"{hour:%Y-%m-%dT%H}"


def _from_text(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)


def find_hours(archive: str, first: str | None = None, last: str | None = None) -> Hours:
    """Return the files of an archive.

    Args:
        archive: A folder, a glob, "gharchive", or an address with {day} and {hour}.
        first: The first day, YYYY-MM-DD; None for that of the first file.
        last: The last day; None for that of the last file.

    Raises:
        UsageError: The range is not one, or an address has no range or no place for the hour.
        GisError: There are no such files.
    """
    days = days_between(first, last)
    if not archive:
        raise UsageError("no archive is named")
    pattern = GHARCHIVE_URL if archive == PUBLIC else archive
    if "://" in pattern:
        remember_address(pattern)
        return Hours(masked(archive), tuple(_addresses(pattern, days)))
    found = list({file.key: file for file in map(file_at, _paths(pattern)) if file is not None}.values())
    if not found:
        raise GisError(
            f"{archive} matches no file",
            remedy=f"name a folder with files that end in {ENDINGS[0]}, or a glob, such as 'hours/**/*{ENDINGS[0]}'",
        )
    inside = [file for file in found if is_within(file, days)]
    if not inside:
        raise GisError(f"{archive} has {len(found):,} files, and none of an hour in the range")
    inside.sort(key=lambda file: (file.hour or datetime.max.replace(tzinfo=UTC), file.name, file.place))
    by_hour: dict[datetime, int] = defaultdict(int)
    for file in inside:
        if file.hour is not None:
            by_hour[file.hour] += 1
    return Hours(
        archive=archive,
        files=tuple(inside),
        missing=missing_between(inside, days),
        doubled=tuple(hour for hour, count in by_hour.items() if count > 1),
        outside=len(found) - len(inside),
    )


Days = tuple[date | None, date | None]


def days_between(first: str | None, last: str | None) -> Days:
    """Return the first and the last day of a range, each YYYY-MM-DD or None where it is open.

    Raises:
        UsageError: It is not a range, or in the future.
    """
    begin, end = _day(first), _day(last)
    if begin is not None and end is not None and end < begin:
        raise UsageError(f"the range ends on {end}, before it begins on {begin}")
    if begin is not None and begin > datetime.now(UTC).date():
        raise UsageError(f"the range begins on {begin}, which is in the future")
    return begin, end


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{visible(text or '')[:40]!r} is not a day; write it as 2024-01-31") from None


def _paths(pattern: str) -> list[Path]:
    folder = Path(pattern)
    if folder.is_file():
        return [folder]
    paths = folder.iterdir() if folder.is_dir() else map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
    return sorted(path for path in paths if path.is_file() and path.name.lower().endswith(ENDINGS))


def file_at(path: Path) -> ArchiveFile | None:
    """Return a file as it is now, or None where it is no more."""
    try:
        real = path.resolve()
        state = real.stat()
    except OSError:
        return None
    version = f"{real} {state.st_size} {state.st_mtime_ns}"
    return ArchiveFile(path.name, str(path), _hour_of(path.name), version=version)


def _hour_of(name: str) -> datetime | None:
    match = HOUR.search(name)
    try:
        return match and datetime.fromisoformat(match["day"]).replace(hour=int(match["hour"]), tzinfo=UTC)
    except ValueError:
        return None


def is_within(file: ArchiveFile, days: Days) -> bool:
    """Return whether a file is of a range of days; one that is not named after an hour is of an open range alone."""
    first, last = days
    if file.hour is None:
        return first is None and last is None
    return (first is None or file.hour.date() >= first) and (last is None or file.hour.date() <= last)


def missing_between(files: Iterable[ArchiveFile], days: Days) -> tuple[datetime, ...]:
    """Return the hours of a range that no file holds; where it is open, from the first of the files or to the last."""
    held = {hour for file in files for hour in file.all_hours()}
    return tuple(hour for hour in _hours_between(held, days) if hour not in held)


def _hours_between(hours: Iterable[datetime], days: Days) -> Iterator[datetime]:
    """Yield every hour of a range; where it is open, from the first of ``hours`` or to the last."""
    known = sorted(hours)
    if not known:
        return
    first, last = days
    hour = known[0] if first is None else midnight(first)
    end = known[-1] if last is None else midnight(last) + timedelta(hours=23)
    end = min(end, datetime.now(UTC))  # of the rest of today there is nothing yet
    while hour <= end:
        yield hour
        hour += timedelta(hours=1)


def _addresses(pattern: str, days: Days) -> Iterator[ArchiveFile]:
    first, last = days
    if not pattern.lower().startswith(SCHEMES):
        raise UsageError(
            f"{pattern.partition('://')[0]}:// is not a way to an archive",
            remedy="give an address with http(s), or a path",
        )
    places = set(PLACE.findall(pattern))
    if unknown := sorted(places - {"{day}", "{hour}", "{hour:02}"}):
        raise UsageError(f"{pattern} has {unknown[0]} in it", remedy="write {day}, {hour}, or {hour:02} for 05")
    if "{day}" not in places or len(places) == 1:
        raise UsageError(f"{pattern} names no hour", remedy="write {day} and {hour} where they stand in the address")
    if first is None or last is None:
        raise UsageError("an archive on a server needs a range", remedy="add --from 2024-01-01 --to 2024-01-31")
    for hour in _hours_between([midnight(first)], days):
        address = pattern.replace("{day}", f"{hour:%Y-%m-%d}").replace("{hour}", str(hour.hour))
        address = address.replace("{hour:02}", f"{hour:%H}")
        yield ArchiveFile(urlsplit(address).path.rpartition("/")[2], address, hour)


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
