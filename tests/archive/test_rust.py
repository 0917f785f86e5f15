"""A part of a real repository through hours of an archive: the same evidence as from its dump."""

from pathlib import Path

import pytest

from gis.archive.collect import collect_archive
from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store_writer import StoreWriter
from tests.archive.hours import write_hours
from tests.archive.test_collect import evidence_in
from tests.collector.parts import write_part
from tests.collector.world import from_dump

pytestmark = [pytest.mark.shared, pytest.mark.slow]


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
