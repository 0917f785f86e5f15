import csv
import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.rows import ModelRow, Score, ScoreColumn
from tests.leaderboard.helpers import HOSTILE, make_table, result, suite

UNESCAPED_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")


def lines_for(name: str) -> list[str]:
    return make_table([result(name, "stsb", 0.5)]).to_markdown().splitlines()


def test_the_table_in_markdown() -> None:
    table = make_table([*suite("best", 0.72368, 0.5), *suite("other", 0.1)])
    assert table.to_markdown().splitlines()[:4] == [
        "| model | mean of 2 sts tasks | sts12 | sts13 |",
        "| :-- | --: | --: | --: |",
        "| best | **61.18** | **72.37** | **50.00** |",
        "| other | 1 of 2 | 10.00 | – |",
    ]


def test_the_notes_stand_below_the_table() -> None:
    table = make_table([result("m", "stsb", 0.5, truncated=1)])
    after = table.to_markdown().split("\n\n", 1)[1]
    assert len(after.splitlines()) == len(table.notes)


def test_the_star_of_a_sample_is_no_markdown() -> None:
    two = [result("m", "stsb", 0.5, limit=5), result("n", "stsb", 0.4, limit=5)]
    assert "| n | 40.00\\* |" in make_table(two).to_markdown()


def test_the_table_in_latex() -> None:
    table = make_table([*suite("best_one", 0.72368, 0.5, limit=5), *suite("other", 0.1, limit=5)])
    lines = table.to_latex().splitlines()
    assert lines[lines.index(r"\midrule") :] == [
        r"\midrule",
        r"best\_one & \textbf{61.18{*}} & \textbf{72.37{*}} & \textbf{50.00{*}} \\",
        r"other & 1 of 2 & 10.00{*} & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert [line for line in lines if line.startswith("% ")][1:] == [f"% {note}" for note in table.notes]


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
    text = make_table([result("m", "t|<b>", 0.5, label="binary", strata=strata)]).to_markdown()
    assert all(len(UNESCAPED_BAR.findall(line)) == 6 for line in text.splitlines()[:3])
    parser = Tags()
    parser.feed(text)
    assert parser.found == []


@pytest.mark.parametrize("name", HOSTILE)
def test_notes_are_escaped_too(name: str) -> None:
    text = make_table([result(name, "stsb", 0.5, truncated=1)]).to_markdown()
    parser = Tags()
    parser.feed(text)
    assert parser.found == []


@pytest.mark.parametrize("name", [*HOSTILE, "[bold]x[/bold]", "[red]", "a,b", 'quo"te'])
def test_a_hostile_name_is_csvs_one_field(name: str) -> None:
    rows = list(csv.reader(io.StringIO(make_table([result(name, "stsb", 0.5)]).to_csv(), newline="")))
    assert rows[1][0] == name
    assert len(rows) == 2


@pytest.mark.parametrize("name", ["[bold]x[/bold]", "[/]", "[red]", "\x1b[31mred"])
def test_a_name_is_no_markup_of_the_terminal(name: str) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(make_table([result(name, "[red]t", 0.5)]).terminal_table())
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert name.replace("\x1b", " ") in text
    assert "[red]t" in text
    assert "\x1b" not in text


def test_the_csv_is_unrounded_and_empty_where_there_is_no_score() -> None:
    table = make_table([*suite("m", 1 / 3, 0.7236912345678), result("n", "sts12", None)])
    header, *rows = csv.reader(io.StringIO(table.to_csv()))
    assert header == ["model", "identity", "mean of 2 sts tasks", "sts12", "sts13"]
    cells = {row[0]: row[2:] for row in rows}
    assert [float(cell) for cell in cells["m"]] == [(1 / 3 + 0.7236912345678) / 2, 1 / 3, 0.7236912345678]
    assert cells["n"] == ["", "", ""]


def test_the_csv_tells_a_sample_from_a_full_score() -> None:
    whole = make_table([result("m", "stsb", 0.5)]).to_csv()
    assert make_table([result("m", "stsb", 0.5, limit=5)]).to_csv() != whole


def test_the_terminal_shows_the_best_in_bold() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    console.print(make_table([result("a", "stsb", 0.9), result("b", "stsb", 0.8)]).terminal_table())
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[1m90.00" in console.file.getvalue()
    assert "\x1b[1m80.00" not in console.file.getvalue()


def test_a_board_draws_itself_in_a_notebook() -> None:
    table = make_table([result("a", "stsb", 0.9), result("b", "stsb", 0.8)])
    drawn = table._repr_html_()
    assert drawn.startswith(
        "<table><thead><tr><th>model</th><th>stsb</th></tr></thead>"
        "<tbody><tr><th>a</th><td><b>90.00</b></td></tr><tr><th>b</th><td>80.00</td></tr></tbody></table><p>Spearman"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_in_a_notebook(name: str) -> None:
    parser = Tags()
    parser.feed(make_table([result(name, name, 0.5, truncated=1)])._repr_html_())
    assert set(parser.found) == {"table", "thead", "tbody", "tr", "th", "td", "b", "p"}


def test_a_frame_has_unrounded_scores_by_model() -> None:
    frame = make_table([*suite("m", 1 / 3, 0.7), result("n", "sts12", None)]).to_frame()
    assert list(frame.index) == ["m", "n"]
    assert list(frame.columns) == ["identity", "reported_in", "mean of 2 sts tasks", "sts12", "sts13"]
    assert frame.loc["m", "sts12"] == 1 / 3
    assert frame.loc["n"].isna().sum() == 3


def test_as_text_it_is_the_table_and_its_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table([result("a", "stsb", 0.9)])
    monkeypatch.setenv("COLUMNS", "200")
    assert str(table).splitlines() == ["model   stsb", "────────────", "a      90.00", *table.notes]
    monkeypatch.setenv("COLUMNS", "40")
    assert all(len(line) <= 40 for line in str(table).splitlines())
    assert repr(table) == str(table)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 200])
def test_a_narrow_terminal_shows_whole_numbers_and_names(width: int) -> None:
    strata = dict.fromkeys(("random", "same_label", "same_author", "cross_referenced", "bm25"), 0.1234)
    models = ("minilm", "BAAI/bge-small-en-v1.5", "tfidf")
    results = [result(model, "rust-issues", 0.1234, label="binary", strata=strata) for model in models]
    table = make_table([*results, *(each for model in models for each in suite(model, *[0.5678] * 7))])
    lines = [line.plain for line in table.terminal_table().lines(width)]
    words = {word for line in lines for word in line.split()}
    assert set(models) <= words
    assert {"56.78"} <= words
    assert not any(
        re.search(r"\d", word) and word not in ("12.34", "56.78", *models)
        for word in words
        if not word.startswith(("sts", "bm25", "(")) and not word.isdigit()
    )


def test_strata_stand_under_one_heading() -> None:
    strata = {"random": 0.1, "bm25": 0.2}
    lines = make_table([result("m", "mine", 0.15, label="binary", strata=strata)]).terminal_table().lines(80)
    assert [line.plain for line in lines] == [
        "       mine ─────────────────────────",
        "model  Spearman  AUROC  random   bm25",
        "─────────────────────────────────────",
        "m         15.00      –   10.00  20.00",
    ]


def test_auroc_goes_before_strata_where_both_do_not_fit() -> None:
    strata = {"same_author": 0.1, "bm25": 0.2}
    names = [f"a-model-of-a-long-name-{n}" for n in range(3)]
    table = make_table([result(name, "mine", 0.15, label="binary", strata=strata) for name in names])
    head, hint = (table.terminal_table(hint="--csv FILE").lines(46)[n].plain for n in (1, -2))
    assert head.split() == ["model", "Spearman", "AUROC"]
    assert hint == "2 more columns (mine: same_author, bm25):"


def test_the_csv_names_each_sample_once() -> None:
    strata = {"random": 0.5, "bm25": 0.5}
    table = make_table([result("m", "mine", 0.5, label="binary", strata=strata, limit=5, seed=3), *suite("m", 0.5)])
    (row,) = csv.DictReader(io.StringIO(table.to_csv()))
    assert row["of a sample"] == "mine: 10 pairs, seed 3"


def test_the_digits_of_a_column_with_stars_are_in_line() -> None:
    tied = Score(0.8, tied=True)
    rows = (ModelRow(model="a", identity="1", scores=(Score(0.9),)), ModelRow(model="b", identity="2", scores=(tied,)))
    table = Leaderboard((ScoreColumn(title="stsb", pairs="stsb"),), rows, ())
    assert [line.plain.rstrip() for line in table.terminal_table().lines(80)][2:] == ["a      90.00", "b      80.00≈"]
