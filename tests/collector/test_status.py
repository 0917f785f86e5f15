"""The table of what a store holds, in a narrow terminal too."""

from gis.collector.github.connection import Estimate
from gis.collector.status import estimate_table, status_notes, status_table
from gis.collector.store import RepositoryStatus

WHOLE = RepositoryStatus(
    name="rust-lang/rust",
    issues=15_813,
    removed=2,
    comments=75_762,
    pull_requests=41_000,
    marked_duplicates=0,
    last_update="2025-12-19T19:03:39Z",
    complete=True,
    left_out=0,
    points=500,
    requests=250,
)
EMPTY = RepositoryStatus(
    name="octo/widgets",
    issues=0,
    removed=0,
    comments=0,
    pull_requests=0,
    marked_duplicates=0,
    last_update=None,
    complete=False,
    left_out=0,
    points=0,
    requests=0,
)


def test_a_narrow_terminal_keeps_names_and_numbers_whole() -> None:
    lines = [line.plain for line in status_table([WHOLE, EMPTY]).lines(80)]
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert all(word in text for word in ("rust-lang/rust", "15,813", "75,762", "2025-12-19", "yes", "no"))
    assert "per 1,000 issues" in text


def test_many_repositories_leave_out_columns_and_name_them() -> None:
    text = " ".join(line.plain for line in status_table([WHOLE] * 20).lines(80))
    assert "per 1,000 issues: points" in text


def test_costs_are_averages_of_a_thousand_issues() -> None:
    whole, empty = status_table([WHOLE, EMPTY]).lines(200)[-2:]
    assert whole.plain.split()[-2:] == ["31.6", "15.8"]
    assert empty.plain.split()[-2:] == ["–", "–"]


def test_what_cost_nothing_has_no_columns_of_costs() -> None:
    assert "points" not in "\n".join(line.plain for line in status_table([EMPTY]).lines(200))


def test_notes_explain_the_columns() -> None:
    assert len(status_notes([WHOLE])) == 1
    assert "run the command that collects them again" in status_notes([WHOLE, EMPTY])[-1]


def test_an_estimate_says_what_it_only_guesses() -> None:
    table = estimate_table([Estimate(repository="octo/widgets", issues=60, comments=1200, points=3, minutes=0.1)])
    assert table.lines(80)[-1].plain.split() == ["octo/widgets", "60", "about", "1,200", "3", "0"]
