"""From an archive to a store, and from there to evidence."""

import gzip
import json
import re
import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gis import api as gis_api
from gis.archive.collect import ArchiveReport, collect_archive
from gis.archive.source import SortedEvents
from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.errors import GisError, UsageError
from tests.archive.helpers import world
from tests.archive.hours import FAULTS, write_hours
from tests.collector.world import World, made, user_row
from tests.command_line import Gis

CONTENT = {
    "repositories": "name, id",
    "issues": "number, title, body, state, state_reason, author, labels, created_at, closed_at, closed_by",
    "comments": "number, id, author, body, created_at",
    "events": "number, kind, created_at, actor",
}

NUMBERS = "SELECT number, title, substr(created_at, 1, 7) FROM issues"


def content(store: Path) -> dict[str, list[Any]]:
    """What a store holds, but for its runs and times."""
    with sqlite3.connect(store) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}"), key=repr)
            for table, columns in CONTENT.items()
        }


def write_dump(folder: Path, repository: World) -> None:
    folder.mkdir()
    comments = [comment for written in repository.comments.values() for comment in written]
    for name, rows in (("issues", repository.issues.values()), ("comments", comments)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def evidence_in(path: Path) -> Counter[Any]:
    with Store(path) as store:
        issues = load_issues(store)
        return Counter(
            (each.tier, issues.name(each.issue), each.reference, each.created_at, each.seconds_to_close, each.by_closer)
            for each in find_evidence(store, issues)
        )


def targets_in(path: Path) -> list[tuple[str, str, str]]:
    """The tier of all evidence, and the issues at both ends that the store has."""
    with Store(path) as store:
        issues = load_issues(store)
        return sorted(
            (each.tier, issues.name(each.issue), "" if each.target is None else issues.name(each.target))
            for each in find_evidence(store, issues)
        )


def collected(folder: Path, **options: Any) -> ArchiveReport:  # noqa: ANN401
    return collect_archive(str(folder / "hours"), folder / "store.db", **options)


def test_a_part_of_the_issues_holds_all_that_rulings_speak_of(tmp_path: Path) -> None:
    repository = world(60)
    write_hours(tmp_path / "hours", [repository], files=5)
    collected(tmp_path)
    evidence = evidence_in(tmp_path / "store.db")
    with sqlite3.connect(tmp_path / "store.db") as store:
        whole = {number: (title, month) for number, title, month in store.execute(NUMBERS)}
    for unrelated in (0, 3):
        part = tmp_path / f"{unrelated}.db"
        report = collect_archive(str(tmp_path / "hours"), part, unrelated=unrelated)
        assert evidence_in(part) == evidence
        with sqlite3.connect(part) as store:
            rows = {number: (title, month) for number, title, month in store.execute(NUMBERS)}
        ends = report.candidates.ends[4711]
        assert ends <= set(rows)
        assert rows.items() <= whole.items()
        others = Counter(month for number, (_, month) in rows.items() if number not in ends)
        of_months = Counter(month for number, (_, month) in whole.items() if number not in ends)
        assert others == Counter({month: min(count, unrelated) for month, count in of_months.items()}) - Counter()
        assert report.about["unrelated issues of each month"] == unrelated
    assert len(rows) < len(whole)


def test_a_part_of_the_issues_holds_targets_of_labels_and_of_other_repositories(tmp_path: Path) -> None:
    one, other = world(60), world(60)
    other.name, other.id = "octo/gears", 4712
    labelled, ruled, former, *targets = sorted(one.issues)[20:26]
    one.change(labelled, labels=[{"name": "duplicate"}], state="closed", closed_at=one.issues[ruled]["updated_at"])
    one.add_comment(labelled, f"See #{targets[0]} for this.", user_row(3))
    one.add_comment(ruled, f"Duplicate of octo/gears#{targets[1]}", user_row(4))
    one.add_comment(former, f"Duplicate of https://github.com/old-owner/widgets/issues/{targets[2]}", user_row(5))
    write_hours(tmp_path / "hours", [one, other], files=5)
    collected(tmp_path)
    part = tmp_path / "part.db"
    collect_archive(str(tmp_path / "hours"), part, unrelated=0)
    pairs = targets_in(tmp_path / "store.db")
    assert {f"octo/widgets#{targets[0]}", f"octo/gears#{targets[1]}", f"octo/widgets#{targets[2]}"} <= {
        target for _, _, target in pairs
    }
    assert targets_in(part) == pairs


def test_a_store_that_holds_more_of_each_month_is_refused(tmp_path: Path) -> None:
    """The issues beyond the part would stay as they were."""
    write_hours(tmp_path / "hours", [world(60)], files=5)
    collected(tmp_path, unrelated=2)
    collected(tmp_path, unrelated=3)
    with pytest.raises(GisError, match="holds more issues of each month than 2"):
        collected(tmp_path, unrelated=2)
    collected(tmp_path)
    with pytest.raises(GisError, match="holds more issues of each month than 3"):
        collected(tmp_path, unrelated=3)


def test_pull_requests_that_were_commented_on_are_known_as_such(tmp_path: Path) -> None:
    """A ruling that names one is left out as such, not as one that names an issue that was not collected."""
    write_hours(tmp_path / "hours", [world(60)], files=5, faults=["repeated", "doubled hour"])
    lines = [
        json.loads(row) for path in tmp_path.rglob("*.gz") for row in gzip.decompress(path.read_bytes()).splitlines()
    ]
    of_issues = [line for line in lines if "issue" in line["payload"] and line["repo"]["name"] == "octo/widgets"]
    issues = [line["payload"]["issue"] for line in of_issues]
    numbers = {issue["number"] for issue in issues if "pull_request" in issue}
    report = collected(tmp_path)
    assert len(numbers) > 3
    with sqlite3.connect(tmp_path / "store.db") as store:
        assert {number for (number,) in store.execute("SELECT number FROM pull_requests")} == numbers
        assert store.execute("SELECT count(*) FROM issues").fetchone() == (report.repositories[0].issues,)


def test_the_evidence_is_that_of_the_dump(tmp_path: Path) -> None:
    repository = world(60)
    write_hours(tmp_path / "hours", [repository], files=5)
    report = collected(tmp_path)
    write_dump(tmp_path / "octo_widgets", repository)
    with StoreWriter.open(tmp_path / "dump.db") as store:
        collect(store, DumpSource(tmp_path / "octo_widgets"))
    assert report.opened_before == 0
    assert sum(evidence_in(tmp_path / "store.db").values()) >= 8
    assert evidence_in(tmp_path / "store.db") == evidence_in(tmp_path / "dump.db")


def parts(folder: Path) -> tuple[Path, Path]:
    """The hours of a folder in two others: those of the first half, and the rest."""
    hours = sorted((folder / "hours").iterdir(), key=lambda path: (path.name[:10], int(path.name[11:].split(".")[0])))
    for name, files in (("a", hours[: len(hours) // 2]), ("b", hours[len(hours) // 2 :])):
        (folder / name).mkdir()
        for path in files:
            shutil.copy2(path, folder / name)
    return folder / "a", folder / "b"


def test_other_hours_do_not_take_the_place_of_those_that_a_store_holds(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=6)
    first, second = parts(tmp_path)
    collect_archive(str(second), tmp_path / "store.db")
    before = content(tmp_path / "store.db")
    with pytest.raises(GisError, match=r"from 3 hours, such as 2020-01-01-3, that this run does not read; their"):
        collect_archive(str(first), tmp_path / "store.db")
    assert content(tmp_path / "store.db") == before
    collected(tmp_path)
    write_hours(tmp_path / "whole" / "hours", [world()], files=6)
    collected(tmp_path / "whole")
    assert content(tmp_path / "store.db") == content(tmp_path / "whole" / "store.db")


def test_fewer_hours_than_before_are_refused(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=6)
    collected(tmp_path)
    sorted((tmp_path / "hours").iterdir())[2].unlink()
    with pytest.raises(GisError, match="from 1 hours, such as 2020-01-01-2, that this run does not read"):
        collected(tmp_path)


def test_a_store_that_is_a_folder_shows_before_anything_is_read(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=1)
    (tmp_path / "store.db").mkdir()
    with pytest.raises(GisError, match="is a folder; a store is a file"):
        collected(tmp_path)
    assert not (tmp_path / "store.db.archive").exists()


def test_a_repository_from_elsewhere_is_not_replaced(tmp_path: Path) -> None:
    repository = world()
    write_hours(tmp_path / "hours", [repository], files=2)
    write_dump(tmp_path / "octo_widgets", repository)
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, DumpSource(tmp_path / "octo_widgets"))
    before = content(tmp_path / "store.db")
    with pytest.raises(GisError, match=r"holds octo/widgets from GitHub or a dump, which an archive would replace"):
        collected(tmp_path)
    assert content(tmp_path / "store.db") == before


def test_of_what_rules_nothing_and_stands_once_nothing_is_held(tmp_path: Path) -> None:
    """An archive has billions of such comments, of millions of repositories."""
    one, other = world(12), made(12, seed=5)
    other.name, other.id = "octo/gears", 4712
    other.add_comment(1, "see issue #2 too", user_row(1))
    write_hours(tmp_path / "hours", [one, other], files=4, faults=["repeated", "doubled hour"])
    found = collected(tmp_path).candidates
    assert set(found.issues) == {4711}
    write_hours(tmp_path / "whole" / "hours", [one, other], files=4)
    assert collected(tmp_path / "whole").candidates == found  # what stands twice is counted once


def test_the_events_of_repositories_are_read_once_and_in_any_order(tmp_path: Path) -> None:
    rows = [
        {"repository_id": of, "number": 1, "id": identity} for of, identity in ((3, "a"), (3, "a"), (5, "b"), (9, "c"))
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "events.parquet")
    events = SortedEvents(tmp_path / "events.parquet")
    asked = (3, 4, 9, 5, 3, 10, 1)
    assert [[row["id"] for row in events.of(repository)] for repository in asked] == [
        ["a"], [], ["c"], ["b"], ["a"], [], [],
    ]  # fmt: skip
    next(events.of(3))  # stopped in the middle
    assert [row["id"] for row in events.of(5)] == ["b"]


def test_paths_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gis: Gis) -> None:
    monkeypatch.chdir(tmp_path)
    write_hours(tmp_path / "hours", [world(12)], files=2)
    done = gis("collect", "--archive", "hours/", "--store", "issues.db")
    assert done.status == 0, done.err
    assert sum(evidence_in(tmp_path / "issues.db").values()) >= 6


@pytest.mark.parametrize("name", ["a[1]", "a*", "a?"])
def test_a_name_that_looks_like_a_pattern_is_not_one(tmp_path: Path, name: str) -> None:
    """The files of a folder of another name, which the pattern would match, are not read in their place."""
    for folder, count in ((name, 12), ("a1", 20)):
        write_hours(tmp_path / folder / "hours", [world(count)], files=2)
        collected(tmp_path / folder)
    assert collected(tmp_path / name).lines.used
    shutil.copytree(tmp_path / name, tmp_path / "plain")
    (tmp_path / "plain" / "store.db").unlink()
    collected(tmp_path / "plain")
    assert content(tmp_path / name / "store.db") == content(tmp_path / "plain" / "store.db")


def test_an_underscore_in_a_name_stands_for_itself(tmp_path: Path) -> None:
    one, other = world(12), world(12)
    one.name, other.name, other.id = "octo/my_repo", "octo/my-repo", 4712
    write_hours(tmp_path / "hours", [one, other], files=2)
    (report,) = collected(tmp_path, repositories=["octo/my_repo"]).repositories
    assert report.repository == "octo/my_repo"


def test_faults_that_take_nothing_away_change_nothing(tmp_path: Path) -> None:
    faults = [fault for fault in FAULTS if fault not in ("truncated", "missing hour", "odd texts")]
    for name, wrong in (("whole", []), ("damaged", faults)):
        write_hours(tmp_path / name / "hours", [world()], files=5, faults=wrong)
        collected(tmp_path / name)
    assert content(tmp_path / "whole" / "store.db") == content(tmp_path / "damaged" / "store.db")


def test_an_issue_has_its_first_text_and_its_last_state(tmp_path: Path) -> None:
    repository = world()
    number = next(number for number, row in repository.issues.items() if row["state"] == "closed")
    repository.first_bodies[number] = "As it was first written."
    write_hours(tmp_path / "hours", [repository], files=3)
    collected(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as store:
        query = f"SELECT body, original_body, state, closed_by FROM issues WHERE number = {number}"
        body, original, state, closer = store.execute(query).fetchone()
    assert body == original == "As it was first written."
    assert (state, closer) == ("closed", repository.issues[number]["closed_by"]["login"])


def test_issues_that_were_opened_before_the_archive_begins_are_counted(tmp_path: Path) -> None:
    repository = world()
    middle = sorted(row["created_at"] for row in repository.issues.values())[20]
    write_hours(tmp_path / "hours", [repository], files=3, begin=middle)
    report = collected(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as store:
        (unknown,) = store.execute("SELECT count(*) FROM issues WHERE original_body IS NULL").fetchone()
    assert report.opened_before == collected(tmp_path).opened_before == unknown > 0


def test_a_renamed_repository_is_one(tmp_path: Path) -> None:
    repository = world()
    middle = sorted(row["created_at"] for row in repository.issues.values())[20]
    write_hours(tmp_path / "hours", [repository], files=3, renamed=(middle, "octo/gadgets"))
    (report,) = collected(tmp_path, repositories=["OCTO/gad*"]).repositories
    assert (report.repository, report.issues) == ("octo/widgets", 40)
    with sqlite3.connect(tmp_path / "store.db") as store:
        assert sorted(store.execute("SELECT name FROM names")) == [("octo/gadgets",), ("octo/widgets",)]


def other_world() -> World:
    """A second repository, with three duplicates."""
    repository = made(20, seed=5)
    repository.name, repository.id = "acme/things", 99
    for number in sorted(repository.issues)[-3:]:
        repository.add_comment(number, "Duplicate of #1", user_row(1))
    return repository


def test_repositories_with_few_duplicates_or_other_names_are_left_out(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(), other_world()], files=3)
    assert [each.repository for each in collected(tmp_path).repositories] == ["acme/things", "octo/widgets"]
    for options in ({"min_duplicates": 4}, {"repositories": ["octo/*"]}):
        report = collect_archive(str(tmp_path / "hours"), tmp_path / "other.db", work=tmp_path / "work", **options)
        assert [each.repository for each in report.repositories] == ["octo/widgets"]
    assert collected(tmp_path, min_duplicates=99).repositories == ()


def test_more_hours_are_added_to_those_that_were_read(tmp_path: Path) -> None:
    write_hours(tmp_path / "all" / "hours", [world()], files=6)
    collected(tmp_path / "all")
    (tmp_path / "hours").mkdir()
    for path in sorted((tmp_path / "all" / "hours").iterdir()):
        (tmp_path / "hours" / path.name).write_bytes(path.read_bytes())
        if path.name.endswith("-3.json.gz"):
            collected(tmp_path, min_duplicates=0)
    collected(tmp_path)
    assert content(tmp_path / "store.db") == content(tmp_path / "all" / "store.db")


def test_a_second_run_brings_nothing_new(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=3)
    collected(tmp_path)
    before = content(tmp_path / "store.db")
    (again,) = collected(tmp_path).repositories
    assert again.issues == 0
    assert content(tmp_path / "store.db") == before


def test_a_run_says_where_its_repositories_are_from(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=3)
    report = collected(tmp_path)
    with Store(tmp_path / "store.db") as store:
        (run,) = store.runs()
    about = json.loads(run["about"]) if isinstance(run["about"], str) else run["about"]
    assert run["source"] == "archive"
    assert about["archive"] == str(tmp_path / "hours")
    assert about["lines"] == dict(report.lines.total)


def test_an_archive_of_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hours").mkdir()
    (tmp_path / "hours" / "2024-01-01-1.json").write_text('{"commit": "12"}\n' * 3)
    with pytest.raises(GisError, match="is not an archive of events: its first line is ") as error:
        collected(tmp_path)
    assert '{"commit": "12"}' in str(error.value)


def test_a_changed_byte_of_kept_events_is_repaired(gis: Gis, tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=3)
    collected(tmp_path)
    whole = content(tmp_path / "store.db")
    damaged = sorted((tmp_path / "store.db.archive" / "events").rglob("*.parquet"))[1]
    events = bytearray(damaged.read_bytes())
    events[len(events) // 2] ^= 1
    damaged.write_bytes(events)
    (tmp_path / "store.db").unlink()
    done = gis("collect", "--archive", tmp_path / "hours", "--store", tmp_path / "store.db")
    assert done.status == 0, done.err
    assert damaged.read_bytes() != events
    assert content(tmp_path / "store.db") == whole


def test_the_command_line_fills_a_store_and_a_report(gis: Gis, tmp_path: Path) -> None:
    truth = write_hours(tmp_path / "hours", [world()], files=5, faults=FAULTS)
    done = gis(
        "collect", "--archive", tmp_path / "hours", "--store", tmp_path / "store.db", "--report", tmp_path / "report"
    )  # fmt: skip
    assert done.status == 0, done.err
    total = truth.lines.total()
    assert f"{total:,} lines of {len(truth.files)} files" in done.out
    assert "octo/widgets" in done.out
    assert "files that break off: 1 (" in done.err.replace("\n", " ")
    assert {"README.md", "about.json", "files.csv", "rulings.csv"} <= {p.name for p in (tmp_path / "report").iterdir()}
    assert f"| all | {total:,} |" in (tmp_path / "report" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--archive", "none/*"], "none/* matches no file"),
        (["--archive", "gharchive"], "needs a range; add --from"),
        (["--archive", "gharchive", "--from", "2024-01-01", "--from", "b"], "give --from once"),
        (["--archive", "x", "--preset", "paper"], "choose some with --repo 'OWNER/*'"),
        (["--to", "2024-01-01", "--repo", "a/b"], "add --archive PATH"),
    ],
)
def test_what_makes_no_sense_is_refused(gis: Gis, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = gis("collect", "--store", tmp_path / "store.db", *arguments)
    assert done.status in (1, 2)
    assert message in " ".join(done.err.split())
    assert not (tmp_path / "store.db").exists()


def test_nothing_is_stored_where_nothing_is_found(gis: Gis, tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [made(12, seed=3)], files=2)
    done = gis("collect", "--archive", tmp_path / "hours", "--store", tmp_path / "store.db")
    assert done.status == 1
    assert "nothing was stored; lower --min-duplicates" in " ".join(done.err.split())
    assert not (tmp_path / "store.db").exists()


def test_the_cost_is_told_first_and_what_was_read_for_it_is_kept(gis: Gis, tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world()], files=20)
    arguments = ("collect", "--archive", tmp_path / "hours", "--store", tmp_path / "store.db")
    done = gis(*arguments, "--dry-run")
    assert done.status == 0, done.err
    sampled = int(re.search(r"by a sample of (\d+) files", " ".join(done.out.split()))[1])  # type: ignore[index]
    assert 4 <= sampled <= 20
    assert f"kB, {sampled} of which are read" in " ".join(done.out.split())
    assert not (tmp_path / "store.db").exists()
    assert gis(*arguments).status == 0
    again = " ".join(gis(*arguments, "--dry-run").out.split())
    assert "20 of which are read no file is left to be read" in again


def test_a_report_that_cannot_be_written_shows_before_anything_is_read(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=1)
    (tmp_path / "report").touch()
    with pytest.raises(GisError, match="report cannot be written to: it is not a folder"):
        gis_api.collect_archive(tmp_path / "hours", store=tmp_path / "store.db", report=tmp_path / "report")
    assert not (tmp_path / "store.db.archive").exists()


@pytest.mark.parametrize("name", ["widgets", "*", "octo/widgets/7", "octo/wid gets", ""])
def test_what_is_no_name_of_a_repository_is_told(tmp_path: Path, name: str) -> None:
    write_hours(tmp_path / "hours", [made(12, seed=3)], files=2)
    with pytest.raises(UsageError, match="is not OWNER/NAME"):
        collected(tmp_path, repositories=[name])
