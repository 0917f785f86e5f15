"""The cells of a grid summed up: mean, deviation and significance, seed by seed."""

import pytest

from gis.training.ablation.tables import GridCell, csv_table, markdown_table, summarise


def test_the_summary_compares_seed_by_seed() -> None:
    cells = [
        GridCell(variant, seed, {"main": main, "a": main - 0.1, "b": main - 0.3})
        for variant, scores in {
            "first": (0.80, 0.82, 0.81),
            "better": (0.85, 0.88, 0.86),
            "alike": (0.81, 0.81, 0.81),
        }.items()
        for seed, main in enumerate(scores)
    ]
    rows = summarise(cells)
    assert [row.variant for row in rows] == ["first", "better", "alike"]
    assert rows[0].means == pytest.approx({"main": 0.81, "a": 0.71, "b": 0.51, "mean of others": 0.61})
    assert rows[0].deviations["main"] == pytest.approx(0.01)
    difference = rows[1].differences["main"]
    assert difference is not None
    assert difference.mean == pytest.approx(0.16 / 3)
    assert rows[1].p_values["main"] < 0.05 < rows[2].p_values["main"]
    table = markdown_table(rows).splitlines()
    assert table[2] == "| first | 3 | 81.00 ± 1.00 | 71.00 ± 1.00 | 51.00 ± 1.00 | 61.00 ± 1.00 |"
    assert "86.33 ± 1.53\\*" in table[3]
    assert "*" not in table[4]
    assert "\\* marks a difference from the first row" in table[-1]
    assert len(csv_table(rows).splitlines()) == 1 + 3 * 4


def test_one_seed_is_compared_with_nothing() -> None:
    rows = summarise([GridCell("first", 1, {"main": 0.5}), GridCell("other|one", 1, {"main": 0.6})])
    assert [row.differences["main"] for row in rows] == [None, None]
    assert "other\\|one" in markdown_table(rows)
    assert "| first | 1 | 50.00 |" in markdown_table(rows)  # one seed has no deviation
    assert csv_table(rows).splitlines()[1] == '"first",1,"main",0.5,"","","","","","",""'


def test_scores_carry_the_interval_over_the_pairs() -> None:
    """Seeds are scored on the same pairs, so their intervals are averaged, not narrowed."""
    cells = [GridCell("first", seed, {"main": 0.5}, {"main": [0.4 + seed / 100, 0.6]}) for seed in (1, 3)]
    rows = summarise([*cells, GridCell("old", 1, {"main": 0.5})])
    assert rows[0].intervals["main"] == pytest.approx((0.42, 0.6))
    assert rows[1].intervals["main"] is None
    assert "| first | 2 | 50.00 ± 0.00 [42.00, 60.00] |" in markdown_table(rows)
    assert list(map(float, csv_table(rows).splitlines()[1].split(",")[-2:])) == pytest.approx([0.42, 0.6])
