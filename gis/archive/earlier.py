"""What a store holds already: an archive must not put less in its place."""

from collections.abc import Collection
from pathlib import Path

from gis.archive.files import Hours, hours_in
from gis.archive.hosted import is_hosted
from gis.archive.source import ArchiveSource
from gis.collector.store import CONFIRMATION, Store
from gis.collector.store_writer import check_is_file
from gis.errors import GisError

UNRELATED = "unrelated issues of each month"  # in what a store says of where its repositories are from
NAMED = 3  # repositories that are named
FROM_ELSEWHERE = """
SELECT DISTINCT r.id, r.name FROM repositories AS r JOIN runs AS u ON u.repository = r.key
WHERE u.source NOT IN (?, ?) ORDER BY r.name
"""


def check_covers_earlier(store: Path, hours: Hours, unrelated: int | None = None) -> None:
    """Check that an archive has all the hours that a store was filled from before, and is of the same kind.

    An issue with all that was said of it is stored as one, so hours apart from the earlier ones would take their place.
    Where less of each month is stored than before, the rest would stay as it was.

    Args:
        store: The store.
        hours: What is read.
        unrelated: How many issues of each month are stored of which no ruling speaks; None for all.

    Raises:
        GisError: It is not, it lacks some of them, or the store is not one.
    """
    check_is_file(store)
    if not store.exists() or not store.stat().st_size:
        return
    with Store(store, check=False) as opened:
        earlier = [run["about"] for run in opened.runs() if run["source"] == ArchiveSource.kind]
    other = next(
        (about["archive"] for about in earlier if is_hosted(about["archive"]) != is_hosted(hours.archive)), None
    )
    if other is not None:
        raise GisError(
            f"{store} was filled from {other}; a table on a server and hourly files do not know the same of an issue",
            remedy="choose another --store",
        )
    if unrelated is not None and any(about.get(UNRELATED, unrelated + 1) > unrelated for about in earlier):
        raise GisError(
            f"{store} holds more issues of each month than {unrelated:,}; the others would stay as they were",
            remedy="store as many as before, or choose another --store",
        )
    ranges = {tuple(stretch) for about in earlier for stretch in about.get("hours", ())}
    lacking = sorted(hours_in(ranges) - hours_in(hours.ranges))
    unnamed = max((about["files"] for about in earlier if not about.get("hours")), default=0)
    if not lacking and len(hours.files) >= unnamed:
        return
    what = f"{len(lacking):,} hours, such as {lacking[0]:%Y-%m-%d-}{lacking[0].hour}," if lacking else "more files"
    raise GisError(
        f"{store} was filled from {what} that this run does not read; their comments and first texts would be lost",
        remedy="read all hours at once (what is kept of them is not read again), or choose another --store",
    )


def check_not_from_elsewhere(store: Store, repositories: Collection[tuple[int, str]]) -> None:
    """Check that no repository is in a store from GitHub itself or from a dump, which may know more of it.

    Args:
        store: The store.
        repositories: GitHub's number and every name of each.

    Raises:
        GisError: One is.
    """
    ids = {identity for identity, _ in repositories if identity}  # 0 where it is not known
    names = {name.lower() for _, name in repositories}
    stored = store.rows(FROM_ELSEWHERE, (ArchiveSource.kind, CONFIRMATION))
    common = [name for identity, name in stored if identity in ids or name.lower() in names]
    if common:
        more = f" and {len(common) - NAMED:,} more" if len(common) > NAMED else ""
        names_of_common = f"{', '.join(common[:NAMED])}{more}"
        raise GisError(
            f"{store.path} holds {names_of_common} from GitHub or a dump, which an archive would replace",
            remedy="choose another --store",
        )
