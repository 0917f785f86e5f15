"""What cards say of repositories that are from an archive."""

from pathlib import Path

import pytest

from gis.collector.records import Repository
from gis.collector.store_writer import StoreWriter
from gis.dataset.output.archives import archives_of

ABOUT = {"days": ["2025-05-01", "2025-06-30"], "missing hours": 1, "holes": ["2025-05-23 to now: many events"]}


def store_of(path: Path, *runs: tuple[str, str, object]) -> Path:
    with StoreWriter.open(path) as store:
        for name, source, about in runs:
            key = store.repository(Repository(name, 0, name), source)
            store.begin(key, source, about)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("octo/a", "dump", {})], ()),
        (
            [("octo/a", "archive", ABOUT), ("octo/b", "archive", ABOUT), ("octo/c", "archive", {"days": None})],
            (
                "2 repositories are from an archive of public events, 2025-05-01 to 2025-06-30. Of 1 hour nothing "
                "could be read. Known to be missing: 2025-05-23 to now: many events.",
                "1 repository is from an archive of public events.",
            ),
        ),
        (
            [("octo/a", "archive", {"unrelated issues of each month": 0})],
            (
                "1 repository is from an archive of public events. Of the issues of which no ruling speaks, 0 of each "
                "month at most are in it.",
            ),
        ),
        ([("octo/a", "archive", ABOUT), ("octo/a", "graphql", {})], ()),
    ],
)
def test_each_archive_is_named_with_its_holes(
    tmp_path: Path, runs: list[tuple[str, str, object]], expected: tuple[str, ...]
) -> None:
    with StoreWriter.open(store_of(tmp_path / "store.db", *runs)) as store:
        assert archives_of(store) == expected
