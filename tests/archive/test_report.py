"""The report of an archive: every file with its lines, and a page in which nothing acts."""

import csv
from pathlib import Path

import pytest

from gis.archive import download
from gis.archive.collect import collect_archive
from gis.archive.report import write_report
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.archive.test_download import serving


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "FIRST_PAUSE", 0.0)


def rows_of(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "files.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_every_file_is_in_it_with_its_lines_or_why_it_was_not_read(tmp_path: Path) -> None:
    truth = write_hours(tmp_path / "hours", [world(12)], files=6, faults=["repeated", "malformed"])
    failing, missing = "2020-01-01-3.json.gz", "2020-01-01-23.json.gz"
    with serving(tmp_path / "hours") as server:
        server.failures[failing] = [500] * download.ATTEMPTS
        pattern = f"{server.url}/{{day}}-{{hour}}.json.gz"
        found = collect_archive(pattern, tmp_path / "store.db", first="2020-01-01", last="2020-01-01")
    write_report(tmp_path / "report", found)
    rows = rows_of(tmp_path / "report")
    assert len(rows) == 24
    for name in truth.files.keys() & rows.keys() - {failing}:
        counts = [int(rows[name][line]) for line in list(rows[name])[2:-1]]
        assert sum(counts) == int(rows[name]["lines"]) == truth.files[name].lines.total()
        assert rows[name]["not read"] == ""
    assert "500" in rows[failing]["not read"]
    assert "the server has no" in rows[missing]["not read"]


def test_names_and_lines_of_files_do_not_act_in_its_page(tmp_path: Path) -> None:
    hours = tmp_path / "<b>_hours_"
    write_hours(hours, [world(12)], files=2, faults=["unknown layout"])
    write_report(tmp_path / "report", collect_archive(str(hours), tmp_path / "store.db"))
    page = (tmp_path / "report" / "README.md").read_text(encoding="utf-8")
    assert "<" not in page
    assert r"&lt;b&gt;\_hours\_" in page
