"""The Pareto front: which models no other beats in quality and cost."""

from dataclasses import replace

import pytest

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.fronts import ON_FRONT, CostKind, front, undominated
from gis.leaderboard.page.costs import Fronts, cost_table
from gis.leaderboard.rows import Cost
from tests.leaderboard.helpers import make_table, result

COSTS = {  # score, parameters, tokens a second, device
    "large": (0.9, 100, 10.0, "cuda"),
    "small": (0.7, 10, 50.0, "cpu: x86_64"),
    "also small": (0.7, 10, 50.0, "cpu: arm64"),
    "middling": (0.6, 50, 20.0, "cpu: x86_64"),
    "tiny": (0.5, 1, 40.0, "cuda"),
}


def board_of(*models: str) -> Leaderboard:
    results = []
    for model in models:
        score, _, _, device = COSTS[model]
        made = result(model, "sts12", score)
        results.append(replace(made, run=replace(made.run, hardware=(device,))))
    board = make_table([*results, result("tfidf", "sts12", 0.4)])
    rows = [
        replace(row, cost=Cost(parameters=COSTS[row.model][1], tokens_per_second=COSTS[row.model][2]))
        if row.model in COSTS
        else row
        for row in board.rows
    ]
    return replace(board, rows=tuple(rows))


@pytest.mark.parametrize(
    ("points", "best"),
    [
        ([(1, 1)], [True]),
        ([(1, 1), (1, 1)], [True, True]),
        ([(1, 1), (1, 2)], [False, True]),
        ([(2, 1), (1, 1)], [False, True]),
        ([(2, 3), (1, 1), (3, 2)], [True, True, False]),
    ],
)
def test_a_point_is_dominated_by_one_as_good_in_both_and_better_in_one(
    points: list[tuple[float, float]], best: list[bool]
) -> None:
    assert undominated(points) == best


@pytest.mark.parametrize(
    ("cost", "names"),
    [
        ("parameters", ["tiny", "also small", "small", "large"]),
        ("speed", ["also small", "small", "tiny", "large"]),
    ],
)
def test_models_of_one_device_form_the_front_of_its_speed(cost: CostKind, names: list[str]) -> None:
    board = board_of(*COSTS)
    assert [row.model for row in front(board, board.columns[0], cost)] == names


def test_the_table_of_costs_marks_the_front_and_explains_it() -> None:
    board = board_of(*COSTS)
    table = cost_table(board)
    assert table is not None
    assert ON_FRONT in table.explanation
    marked = {row[0].text: [ON_FRONT in cell.text for cell in (row[2], row[5])] for row in table.rows}
    assert marked["middling"] == [False, False]
    assert marked["small"] == marked["tiny"] == [True, True]


def test_one_model_of_known_cost_is_no_front() -> None:
    board = board_of("large")
    assert front(board, board.columns[0], "parameters") == []
    assert Fronts(board).explanation == ""


def test_a_note_names_the_front_of_the_parameters() -> None:
    made = [result(name, "sts12", score) for name, score in (("a", 0.5), ("b", 0.4))]
    sized = [
        replace(each, model=replace(each.model, parameters=n))
        for each, n in zip(made, (2_000_000, 3_000_000), strict=True)
    ]
    (note,) = [note for note in make_table(sized).notes if "Pareto" in note]
    assert note.endswith("where no other model scores higher with as few: a (2.0 M).")
