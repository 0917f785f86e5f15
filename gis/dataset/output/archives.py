"""What a card says of repositories that are from an archive of events, and of what is missing from it."""

from collections import Counter
from collections.abc import Iterator

from gis.collector.store import Store


def archives_of(store: Store) -> tuple[str, ...]:
    """Return a sentence for each archive that repositories of a store are from, with what is missing from it."""
    latest = {run["repository"]: run for run in store.runs()}
    sources: Counter[tuple[str, ...]] = Counter()
    for run in latest.values():
        if run["source"] == "archive":
            sources[tuple(_sentences(run["about"]))] += 1
    return tuple(
        f"{count:,} {'repository is' if count == 1 else 'repositories are'} from {' '.join(sentences)}"
        for sentences, count in sources.items()
    )


def _sentences(about: dict[str, object]) -> Iterator[str]:
    days, missing, holes = about.get("days"), about.get("missing hours"), about.get("holes")
    range_of_days = f", {days[0]} to {days[-1]}" if isinstance(days, list) and days else ""
    yield f"an archive of public events{range_of_days}."
    unrelated = about.get("unrelated issues of each month")
    if isinstance(unrelated, int):
        yield f"Of the issues of which no ruling speaks, {unrelated:,} of each month at most are in it."
    if isinstance(missing, int) and missing:
        yield f"Of {missing:,} {'hour' if missing == 1 else 'hours'} nothing could be read."
    if isinstance(holes, list) and holes:
        yield f"Known to be missing: {'; '.join(map(str, holes))}."
