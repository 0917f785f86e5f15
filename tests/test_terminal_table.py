import io

import pytest
from rich.console import Console
from rich.text import Text

from gis.terminal_table import Column, TerminalTable
from gis.text import wrapped

SCORES = ("70.12", "71.34", "72.56", "73.78")


def scores(*, transposable: bool = False, hint: str = "", models: int = 1) -> TerminalTable:
    """A row a model: a name, two tasks, and two strata of a third under one heading."""
    table = TerminalTable(
        [
            Column(title="model", align="left"),
            Column(title="stsb"),
            Column(title="sickr"),
            Column(title="random", group="my-issues", priority=2),
            Column(title="same_author", group="my-issues", priority=2),
        ],
        hint=hint,
        transposable=transposable,
    )
    for number in range(models):
        table.add_row(f"model-{number}", *SCORES)
    return table


def text(table: TerminalTable, width: int) -> str:
    return "\n".join(line.plain for line in table.lines(width))


def test_a_table_that_fits_is_whole() -> None:
    assert text(scores(), 80).splitlines() == [
        "                       my-issues ─────────",
        "model     stsb  sickr  random  same_author",
        "──────────────────────────────────────────",
        "model-0  70.12  71.34   72.56        73.78",
    ]


@pytest.mark.parametrize("width", range(1, 60))
@pytest.mark.parametrize("transposable", [False, True])
def test_no_width_breaks_a_number_or_a_name(width: int, transposable: bool) -> None:
    shown = set(text(scores(transposable=transposable, models=3), width).replace("(", " ").replace(")", " ").split())
    assert {"model-0", "model-1", "model-2", SCORES[0]} <= shown
    assert shown <= {
        *("model", "stsb", "sickr", "random", "same_author", "my-issues", "model-0", "model-1", "model-2", *SCORES),
        *("─" * n for n in range(60)),
        *("stsb,", "sickr,", "random,", "my-issues:", "1", "2", "3", "more", "column", "columns", ":"),
        *("a", "wider", "terminal"),
    }


@pytest.mark.parametrize("width", range(24, 60))
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    assert all(line.cell_len <= width for line in scores().lines(width))


def test_the_least_important_columns_are_left_out_and_named() -> None:
    assert text(scores(hint="--csv FILE"), 32).splitlines() == [
        "                       my-issues",
        "model     stsb  sickr     random",
        "────────────────────────────────",
        "model-0  70.12  71.34      72.56",
        "1 more column (my-issues:",
        "same_author): --csv FILE, or a",
        "wider terminal",
    ]


def test_the_hint_names_a_group_once() -> None:
    assert "2 more columns (my-issues: random, same_author):" in text(scores(), 26).replace("\n", " ")


def test_the_priority_goes_before_the_place() -> None:
    table = TerminalTable([Column(title="name"), Column(title="second", priority=1), Column(title="third")])
    table.add_row("a", "b", "c")
    assert text(table, 14).splitlines() == [
        "name  third",
        "───────────",
        "   a      c",
        "1 more column",
        "(second): a",
        "wider terminal",
    ]


def test_rows_and_columns_change_places_where_that_shows_everything() -> None:
    assert text(scores(transposable=True), 30).splitlines() == [
        "model          model-0",
        "──────────────────────",
        "stsb             70.12",
        "sickr            71.34",
        "my-issues",
        "  random         72.56",
        "  same_author    73.78",
    ]


def test_rows_become_blocks_where_two_columns_do_not_fit() -> None:
    table = TerminalTable([Column(title="model"), Column(title="what", prose=True)])
    table.add_row("a-model-with-a-long-name", "the first of two words")
    assert text(table, 20).splitlines() == [
        "a-model-with-a-long-name",
        "  what  the first of",
        "        two words",
    ]


def test_prose_and_headings_are_wrapped_between_words() -> None:
    table = TerminalTable(
        [
            Column(title="name", align="left"),
            Column(title="marked duplicates"),
            Column(title="what", align="left", prose=True),
        ]
    )
    table.add_row("a", "12", "one two three four five six seven eight")
    assert text(table, 42).splitlines() == [
        "          marked",
        "name  duplicates  what",
        "──────────────────────────────────────────",
        "a             12  one two three four five",
        "                  six seven eight",
    ]


def test_a_table_without_rows_has_its_headings() -> None:
    assert text(TerminalTable([Column(title="a"), Column(title="b")]), 80).splitlines() == ["a  b", "────"]


def test_a_group_is_as_wide_as_its_heading() -> None:
    table = TerminalTable([Column(title="model"), Column(title="a", group="a-long-name"), Column(title="z")])
    table.add_row("m", "1", "2")
    assert text(table, 80).splitlines()[0] == "       a-long-name"


@pytest.mark.parametrize("width", range(30, 90))
def test_the_rule_is_as_long_as_the_longest_line_at_every_width(width: int) -> None:
    """Also where columns are narrowed below a heading of their group that is longer than their own."""
    table = TerminalTable(
        [
            Column(title="model"),
            Column(title="a long title", group="the name of a task"),
            Column(title="b", group="the name of a task"),
            Column(title="another long title", group="a-name-in-one-word"),
            Column(title="c", group="a-name-in-one-word"),
        ]
    )
    table.add_row("m", "1", "2", "3", "4")
    lines = [line.plain for line in table.lines(width)]
    rule = next(number for number, line in enumerate(lines) if set(line) == {"─"})
    assert max(map(len, lines[: rule + 2])) == len(lines[rule]) <= width


@pytest.mark.parametrize("hostile", ["[bold]x[/bold]", "[/]", "\x1b[31mred", "two\nlines"])
def test_a_cell_is_shown_as_it_is(hostile: str) -> None:
    table = TerminalTable([Column(title=hostile), Column(title="b", group=hostile)])
    table.add_row(hostile, hostile)
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert hostile.replace("\x1b", " ").replace("\n", " ") in shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 4


def test_the_style_of_a_cell_is_kept() -> None:
    table = TerminalTable([Column(title="a"), Column(title="b")])
    table.add_row("x", Text("best", style="bold"))
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[1mbest" in console.file.getvalue()


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        TerminalTable([Column(title="a"), Column(title="b")]).add_row("x")


def test_wrapping_keeps_line_breaks_and_long_words() -> None:
    assert wrapped("one two three\nfour", 8, indent=" ") == "one two\n three\nfour"
    assert wrapped("a /very/long/path-with-hyphens b", 8) == "a\n/very/long/path-with-hyphens\nb"
    assert wrapped("\n  indented", 80) == "\n  indented"
