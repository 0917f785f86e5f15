"""A part of a real repository through hours of an archive: the same evidence as from its dump."""

import gzip
import json
from pathlib import Path

import pytest

from gis.archive.collect import collect_archive
from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store_writer import StoreWriter
from tests.archive.hours import write_hours
from tests.archive.test_collect import evidence_in
from tests.collector.world import from_dump

pytestmark = [pytest.mark.shared, pytest.mark.slow]
LAST = 6000  # the number of the last issue


def write_part(dump: Path, folder: Path) -> Path:
    """Write a dump of the first issues of a dump."""
    folder.mkdir()
    for name, key in (("issues", "number"), ("comments", "issue_number"), ("cross_references", "number")):
        with gzip.open(dump / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            kept = [line for line in lines if json.loads(line)[key] <= LAST]
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8", compresslevel=1) as part:
            part.writelines(kept)
    return folder


def test_the_evidence_of_rust_is_that_of_its_dump(shared_data: Path, tmp_path: Path) -> None:
    dump = write_part(shared_data / "github" / "rust-lang_rust", tmp_path / "rust-lang_rust")
    write_hours(tmp_path / "hours", [from_dump(dump)], files=6, noise=0.5, compression=1, era="2018")
    report = collect_archive(str(tmp_path / "hours"), tmp_path / "archive.db")
    with StoreWriter.open(tmp_path / "dump.db") as store:
        collected = collect(store, DumpSource(dump))
    (brought,) = report.repositories
    assert (brought.issues, brought.comments) == (collected.issues, collected.comments)
    from_archive, from_its_dump = evidence_in(tmp_path / "archive.db"), evidence_in(tmp_path / "dump.db")
    assert from_archive == from_its_dump
    assert from_archive.total() > 300
