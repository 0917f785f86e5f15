"""Parquet files of another form: with a mapping they make the store that the hours make."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gis.archive.collect import collect_archive
from gis.archive.mapped import LAYOUT
from gis.archive.work import hours_of
from gis.collector.store import Store
from gis.console import Reporter
from gis.errors import GisError, UsageError
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.archive.test_engines import rows_of
from tests.command_line import Gis

ISSUE = {
    "number": "issue_number",
    "issue_id": "issue_id",
    "issue_node_id": "issue_node",
    "title": "issue_title",
    "state": "issue_state",
    "state_reason": "reason",
    "locked": "is_locked",
    "labels": "issue_labels",
    "comment_count": "comments",
    "created_at": "opened_at",
    "closed_at": "closed_at",
    "author": "opened_by.login",
    "author_id": "opened_by.id",
    "author_type": "opened_by.type",
    "association": "role",
    "body": "issue_body",
}
EVENT = {
    "id": "event_id",
    "kind": "action",
    "at": "happened_at",
    "actor": "who",
    "actor_id": "who_id",
    "repository_id": "repo",
    "repository": "repo_name",
}
COMMENT = {
    "comment_id": "comment",
    "comment_node_id": "node",
    "comment_body": "said",
    "comment_created_at": "said_at",
    "comment_author": "by.login",
    "comment_author_id": "by.id",
    "comment_author_type": "by.type",
    "comment_association": "by_role",
}
TABLES = {"issues": EVENT | ISSUE, "issue_comments": EVENT | ISSUE | COMMENT}


def layout(**changes: str) -> str:
    """The mapping of the files that ``write_parquet`` writes."""
    parts = []
    for name, line, more in (("issue_comments", "comment", 'pull_request = "of_pull"\n'), ("issues", "issue", "")):
        columns = "\n".join(f'{ours} = "{changes.get(ours, theirs)}"' for ours, theirs in TABLES[name].items())
        parts.append(f'[[table]]\nfiles = "/{name}/"\nline = "{line}"\n{more}[table.columns]\n{columns}\n')
    return "\n".join(parts)


def moment(time: str | None) -> datetime | None:
    return None if time is None else datetime.fromisoformat(time).astimezone(UTC)


def row_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as a flat row, with times that are times and labels that are texts."""
    issue, comment = event["payload"]["issue"], event["payload"].get("comment")
    row = {
        "event_id": int(event["id"]),
        "action": event["payload"]["action"],
        "happened_at": moment(event["created_at"]),
        "who": event["actor"]["login"],
        "who_id": event["actor"]["id"],
        "repo": str(event["repo"]["id"]),
        "repo_name": event["repo"]["name"],
        "issue_number": issue["number"],
        "issue_id": issue["id"],
        "issue_node": issue["node_id"],
        "issue_title": issue["title"],
        "issue_body": issue["body"],
        "issue_state": issue["state"],
        "reason": issue.get("state_reason"),
        "is_locked": issue["locked"],
        "issue_labels": [label["name"] for label in issue["labels"]],
        "comments": issue["comments"],
        "opened_at": moment(issue["created_at"]),
        "closed_at": moment(issue["closed_at"]),
        "opened_by": account(issue),
        "role": issue.get("author_association"),
        "of_pull": "pull_request" in issue,
    }
    if comment is not None:
        row |= {"comment": comment["id"], "node": comment["node_id"], "said": comment["body"], "by": account(comment)}
        row |= {"said_at": moment(comment["created_at"]), "by_role": comment.get("author_association")}
    return row


def account(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row["user"][name] for name in ("login", "id", "type")}


def write_parquet(hours: Path, folder: Path) -> None:
    """Write the events of a folder of hours as two tables, each with a file for the day."""
    lines = [
        json.loads(line) for path in sorted(hours.iterdir()) for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    for name, kind in (("issues", "IssuesEvent"), ("issue_comments", "IssueCommentEvent")):
        path = folder / "data" / name / "2020" / "01" / "01.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist([row_of(line) for line in lines if line["type"] == kind]), path)
    (folder / LAYOUT).write_text(layout(), encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mapped")
    write_hours(folder / "hours", [world(30)], files=3, era="2022")
    write_parquet(folder / "hours", folder / "parquet")
    return folder


@pytest.fixture
def copy(source: Path, tmp_path: Path) -> Path:
    """The Parquet files in a folder of one's own."""
    for path in (source / "parquet").rglob("*.*"):
        place = tmp_path / "parquet" / path.relative_to(source / "parquet")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    return tmp_path / "parquet"


def test_the_store_is_that_of_the_hours(source: Path, tmp_path: Path) -> None:
    of_hours = collect_archive(str(source / "hours"), tmp_path / "hours.db")
    of_parquet = collect_archive(str(source / "parquet"), tmp_path / "parquet.db")
    assert rows_of(tmp_path / "parquet.db") == rows_of(tmp_path / "hours.db")
    lines = of_hours.lines.total
    del lines["other kind"]
    assert of_parquet.lines.total == lines
    assert of_parquet.hours.ranges == [("2020-01-01T00", "2020-01-01T23")]
    assert not of_parquet.hours.doubled


def test_without_a_mapping_the_columns_are_named(copy: Path) -> None:
    (copy / LAYOUT).unlink()
    with pytest.raises(GisError, match=r"unknown columns; 01\.parquet has event_id, action, happened_at") as told:
        hours_of(str(copy), None, None)
    assert "layout.toml which is which" in told.value.remedy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[table", "cannot be read"),
        ('line = "issue"', "must be a list of tables"),
        ('[[table]]\nline = "issues"', "line is 'issues'"),
        ('[[table]]\nline = "issue"\nfile = "x"', "unknown key 'file'"),
        ('[[table]]\nline = "issue"\n[table.columns]\ntitel = "x"', "unknown column 'titel'"),
        ('[[table]]\nline = "issue"\n[table.columns]\nid = 7', "all but columns are texts"),
        ('[[table]]\nline = "comment"\n[table.columns]\nid = "x"', "a table of comments lacks at, repository_id"),
    ],
)
def test_a_mapping_that_cannot_be_read_says_what_is_wrong(copy: Path, text: str, message: str) -> None:
    (copy / LAYOUT).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        hours_of(str(copy), None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "headline"}, "it has no headline, but event_id, action"),
        ({"author": "opened_by.name"}, "it has no opened_by.name: opened_by is struct"),
        ({"author": "who.login"}, "it has no who.login: who is string"),
        ({"number": "issue_title"}, "it cannot be read: .*Problem"),
    ],
)
def test_columns_that_are_not_there_are_named(
    copy: Path, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    (copy / LAYOUT).write_text(layout(**changes), encoding="utf-8")
    with pytest.raises(GisError, match=message):
        collect_archive(str(copy), tmp_path / "store.db")


def test_rows_that_are_no_events_are_counted(copy: Path, tmp_path: Path) -> None:
    whole = collect_archive(str(copy), tmp_path / "whole.db").lines.total
    path = copy / "data" / "issues" / "2020" / "01" / "01.parquet"
    rows = pq.read_table(path).to_pylist()
    odd = [{**rows[0], "event_id": None}, {**rows[0], "issue_number": 0}, {**rows[0], "happened_at": None}]
    pq.write_table(pa.Table.from_pylist([*rows, rows[1], *odd], pq.read_schema(path)), path)
    lines = collect_archive(str(copy), tmp_path / "odd.db").lines.total
    assert lines == whole + Counter({"malformed": 3, "repeated": 1})


def test_a_changed_mapping_is_read_anew(copy: Path, tmp_path: Path) -> None:
    collect_archive(str(copy), tmp_path / "store.db")
    (copy / LAYOUT).write_text(layout(title="issue_body"), encoding="utf-8")
    collect_archive(str(copy), tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert store.rows("SELECT count(*) FROM issues WHERE title LIKE '%error%'") != [(0,)]


def test_days_are_those_of_the_paths(copy: Path) -> None:
    assert len(hours_of(str(copy), "2020-01-01", "2020-01-01").files) == 2
    assert len(hours_of(str(copy), "2019-12-30", "2020-01-01").missing) == 48
    with pytest.raises(GisError, match="has 2 Parquet files, and none of a day in the range"):
        hours_of(str(copy), "2020-01-02", None)


def test_a_file_of_no_table_is_named(copy: Path, tmp_path: Path, gis: Gis) -> None:
    other = copy / "data" / "stars" / "2020" / "01" / "01.parquet"
    other.parent.mkdir(parents=True)
    other.write_bytes((copy / "data" / "issues" / "2020" / "01" / "01.parquet").read_bytes())
    done = gis("collect", "--archive", copy, "--store", tmp_path / "store.db")
    assert done.status == 0, done.err
    assert "no table of layout.toml is of this file" in " ".join(done.err.split())
    assert "octo/widgets" in done.out


class Warnings(Reporter):
    """Keeps what it is warned of."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def changed(copy: Path, column: str, values: Callable[[Any], Any], kind: pa.DataType | None = None) -> None:
    """Give a column of all files other values."""
    for path in copy.rglob("*.parquet"):
        table = pq.read_table(path)
        if column in table.column_names:
            new = pa.array([None if value is None else values(value) for value in table[column].to_pylist()], kind)
            pq.write_table(table.set_column(table.column_names.index(column), column, new), path)


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("happened_at", lambda time: time, pa.timestamp("us", "America/New_York")),
        ("opened_at", lambda time: time, pa.timestamp("ns", "+05:30")),
        ("issue_labels", lambda names: names, pa.large_list(pa.large_string())),
        ("said", lambda text: text, pa.large_string()),
    ],
)
def test_what_is_written_otherwise_is_read_alike(
    copy: Path, tmp_path: Path, column: str, values: Callable[[Any], Any], kind: pa.DataType
) -> None:
    collect_archive(str(copy), tmp_path / "before.db")
    changed(copy, column, values, kind)
    collect_archive(str(copy), tmp_path / "after.db")
    assert rows_of(tmp_path / "after.db") == rows_of(tmp_path / "before.db")


@pytest.mark.parametrize(
    ("column", "values", "kind", "message"),
    [
        ("issue_state", str.upper, None, "state is '(OPEN|CLOSED)', which is not a word"),
        ("reason", lambda _: "DUPLICATE", None, "state_reason is 'DUPLICATE', which is not a word"),
        ("repo_name", lambda name: name.partition("/")[2], None, "none of its rows has .* as OWNER/NAME"),
        ("happened_at", datetime.isoformat, None, "none of its rows has id, at, .* times as 2024"),
        ("opened_at", datetime.isoformat, None, "none of its rows has id, at, .* times as 2024"),
        (
            "issue_labels",
            lambda names: [{"title": name} for name in names],
            pa.list_(pa.struct({"title": pa.string()})),
            "labels have no name",
        ),
    ],
)
def test_what_would_be_read_wrong_is_named(
    copy: Path, tmp_path: Path, column: str, values: Callable[[Any], Any], kind: pa.DataType | None, message: str
) -> None:
    changed(copy, column, values, kind)
    reporter = Warnings()
    try:
        collect_archive(str(copy), tmp_path / "store.db", reporter=reporter)
    except GisError as error:
        reporter.warn(str(error))
    assert re.search(message, " ".join(reporter.warnings))


def test_each_table_may_number_its_rows(copy: Path, tmp_path: Path) -> None:
    lines = collect_archive(str(copy), tmp_path / "before.db").lines.total
    for path in copy.rglob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.set_column(0, "event_id", pa.array(range(len(table)))), path)
    assert collect_archive(str(copy), tmp_path / "after.db").lines.total == lines


def test_one_byte_that_is_not_of_a_text_costs_a_character(copy: Path, tmp_path: Path) -> None:
    path = copy / "data" / "issue_comments" / "2020" / "01" / "01.parquet"
    table = pq.read_table(path)
    said = pa.array([f"{text} \xff".encode("latin-1", "replace") for text in table["said"].to_pylist()])
    broken = pa.StringArray.from_buffers(len(said), *said.buffers()[1:])
    pq.write_table(table.set_column(table.column_names.index("said"), "said", broken), path)
    collect_archive(str(copy), tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert {body[-1] for (body,) in store.rows("SELECT body FROM comments")} == {"\ufffd"}


def test_a_folder_above_does_not_choose_the_table(copy: Path, tmp_path: Path) -> None:
    of_comments, of_issues = (copy / LAYOUT).read_text(encoding="utf-8").split("[[table]]")[1:]
    text = f"[[table]]{of_issues}\n[[table]]{of_comments}"
    other = tmp_path / "issues" / "parquet"
    other.parent.mkdir()
    copy.rename(other)
    (other / LAYOUT).write_text(text, encoding="utf-8")
    assert collect_archive(str(other), tmp_path / "store.db").lines.total["comment"] > 50


def test_columns_may_have_dots_but_not_one_name(copy: Path, tmp_path: Path) -> None:
    (copy / LAYOUT).write_text(layout(title="issue.title"), encoding="utf-8")
    for path in copy.rglob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.append_column("issue.title", table["issue_title"]), path)
    assert collect_archive(str(copy), tmp_path / "store.db").lines.used > 100
    for path in copy.rglob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(pa.table(table.columns, [*table.column_names[:-1], "event_id"]), path)
    with pytest.raises(GisError, match="it has no issue"):
        collect_archive(str(copy), tmp_path / "store.db")
    (copy / LAYOUT).write_text(layout(), encoding="utf-8")
    with pytest.raises(GisError, match="several columns event_id"):
        collect_archive(str(copy), tmp_path / "other.db")


def test_a_mapping_without_parquet_files_says_so(copy: Path) -> None:
    for path in copy.rglob("*.parquet"):
        path.unlink()
    with pytest.raises(GisError, match=r"has a layout\.toml, but no Parquet files"):
        hours_of(str(copy), None, None)
