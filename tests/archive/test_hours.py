"""The made archive holds what its truth says, as a plain reader sees it."""

import gzip
import json
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gis.collector.dump_records import DumpRecords
from gis.collector.dump_rows import rows_of_issue
from tests.archive.hours import FAULTS, OVERLONG, Fault, write_hours
from tests.archive.shapes import ERAS, era_of
from tests.collector.world import World, made


def world(count: int = 40) -> World:
    return made(count, seed=3)


def lines_of(path: Path) -> list[bytes]:
    """The lines that can be read of a file, the last one even in part."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = zlib.decompressobj(wbits=31).decompress(data)
    return data.removesuffix(b"\n").split(b"\n") if data else []


def event_in(line: bytes) -> dict[str, Any] | None:
    """The event of a line that is one, as strictly as the shapes since 2015 allow."""
    try:
        event = json.loads(line)
        payload, _ = event["payload"], event["repo"]["id"]
        assert event["type"] != "IssuesEvent" or 0 < int(payload["issue"]["number"]) < 2**63
        assert event["type"] != "IssueCommentEvent" or payload["comment"]["id"]
    except (ValueError, KeyError, TypeError, AssertionError):
        return None
    return event if isinstance(event, dict) else None


def counted(folder: Path, names: list[str]) -> dict[str, Counter[str]]:
    seen: set[str] = set()
    counts: dict[str, Counter[str]] = {}
    for name in names:
        count = counts[name] = Counter[str]()
        for line in lines_of(folder / name):
            event = event_in(line)
            if len(line) > OVERLONG:
                count["overlong"] += 1
            elif event is None:
                count["malformed"] += 1
            elif event["id"] in seen:
                count["repeated"] += 1
            elif "pull_request" in event["payload"].get("issue", {}):
                count["pull request"] += 1
            else:
                count[{"IssuesEvent": "issue", "IssueCommentEvent": "comment"}.get(event["type"], "other kind")] += 1
            if event is not None:
                seen.add(event["id"])
    return counts


@pytest.mark.parametrize(
    "faults", [(), *((fault,) for fault in FAULTS), FAULTS], ids=lambda faults: "+".join(faults)[:20]
)
def test_each_line_is_what_the_truth_says(tmp_path: Path, faults: tuple[Fault, ...]) -> None:
    truth = write_hours(tmp_path, [world()], files=9, faults=faults, era="2018")
    assert sorted(truth.files) == sorted(path.name for path in tmp_path.iterdir())
    found = counted(tmp_path, list(truth.files))
    assert {name: +count for name, count in found.items()} == {n: +file.lines for n, file in truth.files.items()}
    assert not {f"{hour}.json.gz" for hour in truth.missing} & set(truth.files)


@pytest.mark.parametrize("fault", FAULTS)
def test_only_three_faults_take_events_away(tmp_path: Path, fault: Fault) -> None:
    whole = write_hours(tmp_path / "whole", [world()], files=9)
    damaged = write_hours(tmp_path / "damaged", [world()], files=9, faults=[fault])
    ids = Counter(event.id for event in whole.events), Counter(event.id for event in damaged.events)
    assert (ids[0] == ids[1]) == (fault not in ("truncated", "missing hour"))
    assert max(ids[1].values()) == 1


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_hours(tmp_path / name, [world()], files=5, faults=FAULTS, seed=7)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_events_are_those_of_the_repository(tmp_path: Path) -> None:
    repository = world()
    truth = write_hours(tmp_path, [repository], noise=0)
    kinds = Counter(event.kind for event in truth.events)
    assert kinds["opened"] == len(repository.issues)
    assert kinds["commented"] == sum(map(len, repository.comments.values()))
    assert kinds["closed"] == sum(row["state"] == "closed" for row in repository.issues.values())
    assert all(event.time[:10] == name[:10] for event, name in zip(truth.events, _names(truth.files), strict=True))


def _names(files: Any) -> list[str]:  # noqa: ANN401
    return [name for name, file in files.items() for _ in range(file.lines.total())]


def test_gis_reads_the_same_events_as_a_dump(tmp_path: Path) -> None:
    """The reader of dumps knows events of GH Archive too, and was written from other examples of them."""
    repository = world()
    truth = write_hours(tmp_path, [repository], files=3)
    records = DumpRecords()
    for name in truth.files:
        for line in lines_of(tmp_path / name):
            rows = rows_of_issue(json.loads(line))
            if rows.repository == repository.name:
                records.add(rows)
    opened = {issue.number: issue for issue in records.issues}
    assert opened.keys() == repository.issues.keys()
    assert all((issue.body or "") == (repository.issues[number]["body"] or "") for number, issue in opened.items())
    assert {comment.id for _, comment in records.comments} == {
        row["id"] for rows in repository.comments.values() for row in rows
    }
    assert len(records.pull_requests) > 0


def test_the_first_body_is_in_the_event_of_opening_alone(tmp_path: Path) -> None:
    repository = world(3)
    number = next(number for number, comments in repository.comments.items() if comments)
    repository.first_bodies[number] = "as first written"
    write_hours(tmp_path, [repository], files=1, noise=0)
    (path,) = tmp_path.iterdir()
    events = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    of_issue = [event for event in events if event["payload"]["issue"]["number"] == number]
    assert [event["payload"]["issue"]["body"] == "as first written" for event in of_issue[:2]] == [True, False]
    assert [event["created_at"] for event in of_issue] == sorted(event["created_at"] for event in of_issue)
    counts = [event["payload"]["issue"]["comments"] for event in of_issue]
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(counts))


@pytest.mark.parametrize("era", ERAS)
def test_each_era_has_its_shape(tmp_path: Path, era: str) -> None:
    truth = write_hours(tmp_path, [world()], files=1, era=era, noise=3)
    (path,) = tmp_path.iterdir()
    events = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    issue_events = [event for event in events if event["type"] == "IssuesEvent"]
    first = issue_events[0]
    assert ("repository" in first) == (era == "timeline")
    assert isinstance(first["actor"], str) == (era == "timeline")
    assert isinstance(first["payload"]["issue"], int) == (era in ("2011", "timeline"))
    if era not in ("2011", "timeline"):
        assert ("author_association" in first["payload"]["issue"]) == (era in ("2018", "2022"))
        assert ("node_id" in first["payload"]["issue"]) == (era != "2015")
        pulls = [event["payload"]["pull_request"] for event in events if event["type"] == "PullRequestEvent"]
        assert all(("title" in pull) == (era not in ("2025-10", "2026-05")) for pull in pulls)
    else:
        assert truth.lines["no text"] > len(truth.events)  # comments on pull requests too
        assert all(event.text is None for event in truth.events)
    labels = {event["payload"]["label"]["name"] for event in issue_events if event["payload"]["action"] == "labeled"}
    assert bool(labels) == (era == "2026-05")


def test_the_era_is_that_of_the_date() -> None:
    dates = ("2011-03-01", "2012-03-11", "2015-01-01", "2019-01-01", "2024-01-01", "2025-10-07", "2026-11-01")
    assert tuple(map(era_of, dates)) == ERAS


def test_an_archive_may_begin_after_an_issue_was_opened(tmp_path: Path) -> None:
    repository = world()
    begin = sorted(row["created_at"] for row in repository.issues.values())[20]
    truth = write_hours(tmp_path, [repository], begin=begin)
    opened = {event.number for event in truth.events if event.kind == "opened"}
    assert min(event.time for event in truth.events) >= begin
    assert {event.number for event in truth.events} - opened


def test_a_renamed_repository_keeps_its_number(tmp_path: Path) -> None:
    repository = world()
    time = sorted(row["created_at"] for row in repository.issues.values())[20]
    truth = write_hours(tmp_path, [repository], files=1, noise=0, renamed=(time, "octo/gadgets"))
    (path,) = tmp_path.iterdir()
    repos = [json.loads(line)["repo"] for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert {(repo["id"], repo["name"]) for repo in repos} == {(4711, "octo/gadgets"), (4711, "octo/widgets")}
    assert {event.repository for event in truth.events} == {4711}
