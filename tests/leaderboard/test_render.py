import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from gis.errors import GisError
from gis.leaderboard.render import (
    BEGIN,
    END,
    comma_separated,
    markdown,
    terminal_table,
    with_block,
    write_or_check,
)
from gis.leaderboard.table import make_table
from tests.leaderboard.helpers import result, suite

HOSTILE = (
    "a|b",
    "<script>alert(1)</script>",
    "`code`",
    "two\nlines",
    "carriage\rreturn",
    "**bold**",
    "[link](javascript:alert(1))",
    "![image](http://example.com/x.png)",
    "a\\|b",
    "<img src=x onerror=alert(1)>",
    "_under_",
    "&lt;script&gt;",
    "<!-- gis leaderboard: end -->",
)
UNESCAPED_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")


def lines_for(name: str) -> list[str]:
    return markdown(make_table([result(name, "stsb", 0.5)])).splitlines()


def test_the_table_in_markdown() -> None:
    table = make_table([*suite("best", 0.72368, 0.5), *suite("other", 0.1)])
    assert markdown(table).splitlines()[:4] == [
        "| model | graded mean | sts12 | sts13 |",
        "| :-- | --: | --: | --: |",
        "| best | **61.18** | **72.37** | **50.00** |",
        "| other | 1 of 2 | 10.00 | – |",
    ]


def test_the_notes_stand_below_the_table() -> None:
    table = make_table([result("m", "stsb", 0.5, truncated=1)])
    after = markdown(table).split("\n\n", 1)[1]
    assert len(after.splitlines()) == len(table.notes)


def test_the_star_of_a_sample_is_no_markdown() -> None:
    assert "| m | 50.00\\* |" in markdown(make_table([result("m", "stsb", 0.5, limit=5)]))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_in_its_cell(name: str) -> None:
    header, rule, row, empty, *_ = lines_for(name)
    assert (header, rule, empty) == ("| model | stsb |", "| :-- | --: |", "")
    assert len(UNESCAPED_BAR.findall(row)) == 3


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_no_html(name: str) -> None:
    parser = Tags()
    parser.feed("\n".join(lines_for(name)))
    assert parser.found == []


@pytest.mark.parametrize(("name", "cell"), [("&lt;b&gt;", "&amp;lt;b&amp;gt;"), ("`x`", "\\`x\\`"), ("a_b", "a\\_b")])
def test_a_name_is_shown_as_it_is(name: str, cell: str) -> None:
    assert lines_for(name)[2] == f"| {cell} | **50.00** |"


def test_a_hostile_task_and_stratum_stay_in_their_cells() -> None:
    strata = {"a|b": 0.1, "<script>\n": 0.2}
    text = markdown(make_table([result("m", "t|<b>", 0.5, label="binary", strata=strata)]))
    assert all(len(UNESCAPED_BAR.findall(line)) == 5 for line in text.splitlines()[:3])
    parser = Tags()
    parser.feed(text)
    assert parser.found == []


@pytest.mark.parametrize("name", HOSTILE)
def test_notes_are_escaped_too(name: str) -> None:
    text = markdown(make_table([result(name, "stsb", 0.5, truncated=1)]))
    parser = Tags()
    parser.feed(text)
    assert parser.found == []


@pytest.mark.parametrize("name", [*HOSTILE, "[bold]x[/bold]", "[red]", "a,b", 'quo"te'])
def test_a_hostile_name_is_csvs_one_field(name: str) -> None:
    rows = list(csv.reader(io.StringIO(comma_separated(make_table([result(name, "stsb", 0.5)])), newline="")))
    assert rows[1][0] == name
    assert len(rows) == 2


@pytest.mark.parametrize("name", ["[bold]x[/bold]", "[/]", "[red]", "\x1b[31mred"])
def test_a_name_is_no_markup_of_the_terminal(name: str) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(terminal_table(make_table([result(name, "[red]t", 0.5)])))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert name.replace("\x1b", "") in text
    assert "[red]t" in text
    assert "\x1b" not in text


def test_the_csv_is_unrounded_and_empty_where_there_is_no_score() -> None:
    table = make_table([*suite("m", 1 / 3, 0.7236912345678), result("n", "sts12", None)])
    header, *rows = csv.reader(io.StringIO(comma_separated(table)))
    assert header == ["model", "identity", "graded mean", "sts12", "sts13"]
    cells = {row[0]: row[2:] for row in rows}
    assert [float(cell) for cell in cells["m"]] == [(1 / 3 + 0.7236912345678) / 2, 1 / 3, 0.7236912345678]
    assert cells["n"] == ["", "", ""]


def test_the_csv_tells_a_sample_from_a_full_score() -> None:
    whole = comma_separated(make_table([result("m", "stsb", 0.5)]))
    assert comma_separated(make_table([result("m", "stsb", 0.5, limit=5)])) != whole


def test_the_terminal_shows_the_best_in_bold() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    console.print(terminal_table(make_table([result("a", "stsb", 0.9), result("b", "stsb", 0.8)])))
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[1m90.00" in console.file.getvalue()
    assert "\x1b[1m80.00" not in console.file.getvalue()


def test_a_new_file_holds_the_table_alone(tmp_path: Path) -> None:
    assert with_block(tmp_path / "new.md", "table\n") == "table\n"


def test_a_leaderboard_that_was_written_before_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "board.md"
    write_or_check(path, markdown(make_table(suite("old", 0.5))), check=False)
    new = markdown(make_table(suite("new", 0.5)))
    assert with_block(path, new) == new


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n", encoding="utf-8")
    assert with_block(path, "new\n") == f"# Title\n\n{BEGIN}\nnew\n{END}\n\nrest\n"


def test_writing_between_the_markers_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# Title\n{BEGIN}\n{END}\nrest\n", encoding="utf-8")
    text = markdown(make_table([result(name, "stsb", 0.5) for name in HOSTILE]))
    write_or_check(path, with_block(path, text), check=False)
    assert with_block(path, text) == path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").endswith(f"{END}\nrest\n")


@pytest.mark.parametrize("content", ["# mine\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{END}\n", "", "| a | b |\n"])
def test_a_file_that_is_no_leaderboard_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GisError, match=r"notes\.md exists and is no leaderboard"):
        with_block(path, "new\n")


def test_a_file_that_begins_with_a_leaderboard_and_goes_on_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("| model | my own table |\n| :-- | --: |\n| a | 1 |\n\n# My notes of a year\n", encoding="utf-8")
    with pytest.raises(GisError, match="is no leaderboard"):
        with_block(path, "new\n")


def test_check_tells_stale_from_fresh_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    assert not write_or_check(path, "new", check=True)
    assert not path.exists()
    assert not write_or_check(path, "new", check=False)
    assert write_or_check(path, "new", check=True)
    assert not write_or_check(path, "newer", check=True)
    assert path.read_text(encoding="utf-8") == "new"
