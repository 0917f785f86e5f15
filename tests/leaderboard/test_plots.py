"""The plots of a leaderboard: what they say, how they are written, and what cannot be drawn."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from gis.benchmark.runner import ScoredTask
from gis.errors import GisError, UsageError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.plots import draw, save_figure, svg_text
from gis.leaderboard.plots.costs import _compact
from gis.leaderboard.plots.heatmap import _runs
from gis.leaderboard.plots.labels import Box, _places
from gis.leaderboard.plots.parts import models_of, number, range_of
from gis.leaderboard.plots.style import short_name
from gis.leaderboard.reported import Reported, Source
from gis.leaderboard.table import make_table
from tests.command_line import Gis
from tests.leaderboard.helpers import HOSTILE, result
from tests.leaderboard.test_ranking import QUALITY, scored

KINDS = ("intervals", "length", "cost", "scatter", "heatmap")
TEXT = "{http://www.w3.org/2000/svg}text"


def priced(task: ScoredTask, parameters: int, *, name: str = "") -> ScoredTask:
    card = replace(task.result.model, parameters=parameters, max_tokens=128)
    return replace(task, result=replace(task.result, model=card.renamed(name or card.name)))


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    tasks = [priced(scored(model, "mine", strata=True), 10**n) for n, model in enumerate(QUALITY, 5)]
    return make_table([*tasks, *(scored(model, "stsb", pairs=100) for model in QUALITY)])


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(TEXT)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_plot_names_its_models_and_metric_as_text(board: Leaderboard, kind: str) -> None:
    svg = svg_text(draw(board, kind))
    words = " ".join(texts(svg))
    assert all(model in words for model in ("good", "fair"))
    assert re.search(r"(Spearman|AUROC) × 100", words)
    assert "<title>" in svg
    assert "<dc:date>" not in svg


@pytest.mark.slow
def test_equal_results_give_equal_bytes_of_each_kind_of_file(board: Leaderboard, tmp_path: Path) -> None:
    figures = [draw(board, "heatmap") for _ in range(2)]
    for ending in (".svg", ".png", ".PDF"):
        files = [tmp_path / f"{n}{ending}" for n in range(2)]
        for figure, file in zip(figures, files, strict=True):
            save_figure(figure, file)
        assert files[0].read_bytes() == files[1].read_bytes()


def test_the_ids_of_a_plot_are_only_those_that_it_refers_to(board: Leaderboard) -> None:
    svg = svg_text(draw(board, "length"))
    assert set(re.findall(r' id="([^"]*)"', svg)) <= set(re.findall(r'#([^")]+)', svg))


def test_the_forest_plot_writes_rank_score_and_interval(board: Leaderboard) -> None:
    words = texts(svg_text(draw(board, "intervals", ["stsb"])))
    first = next(row.scores[board.columns.index(c)] for row in board.rows for c in board.columns if c.title == "stsb")
    assert first.interval is not None
    assert f"{100 * first.interval.low:.1f} to {100 * first.interval.high:.1f}" in words
    assert "2–3" in words
    assert any("no model is certainly worse" in word for word in words)


def test_baselines_far_below_do_not_squeeze_the_models(board: Leaderboard) -> None:
    models = models_of(board, board.columns[0])
    low, high = range_of(models)
    assert models[-1].row.model == "random"
    assert models[-1].value < low < min(model.value for model in models[:-1]) < high


def test_lengths_have_auroc_for_binary_labels_and_the_limit_of_the_models(board: Leaderboard) -> None:
    words = texts(svg_text(draw(board, "length", ["mine"])))
    assert "AUROC × 100 on mine" in words
    assert "limit 128" in words
    assert "pairs cut, %" in words


def test_costs_are_tokens_a_second_on_a_device_or_parameters(board: Leaderboard) -> None:
    assert "tokens a second on CPU" in texts(svg_text(draw(board, "cost")))
    words = texts(svg_text(draw(board, "cost", cost="parameters")))
    assert "parameters" in words
    assert "1 M" in words


def test_names_of_strangers_stay_text() -> None:
    models = [scored("good"), *(priced(scored("fair"), 10**n, name=name) for n, name in enumerate(HOSTILE[1::4], 3))]
    named = [
        replace(task, result=replace(task.result, model=replace(task.result.model, identity=f"{n:064x}")))
        for n, task in enumerate([*models, priced(scored("fair"), 10, name=r"$\frac{1}{0}$ 模型")])
    ]
    board = make_table(named)
    for kind in ("intervals", "length", "cost"):
        svg = svg_text(draw(board, kind))
        assert "<script" not in svg
        assert "onerror=alert(1)>" not in svg
    assert r"$\frac{1}{0}$ 模型" in texts(svg_text(draw(board, "intervals")))


def test_reported_models_are_points_of_their_own() -> None:
    tasks = [scored(model, task) for model in ("good", "fair") for task in ("stsb", "sts12")]
    paper = Source(title="A paper", kind="paper")
    scores = [Reported(name=name, source=paper, scores={"stsb": 70.0, "sts12": 60.0}) for name in ("one", "two")]
    for kind in ("intervals", "scatter"):
        words = " ".join(texts(svg_text(draw(make_table(tasks, reported=scores), kind))))
        assert all(f"{name} (reported: A paper)" in words for name in ("one", "two"))
        assert "reported by others, not measured" in words


@pytest.mark.parametrize(
    ("kind", "columns", "reason"),
    [
        ("pie", [], "unknown kind of plot 'pie'"),
        ("intervals", ["stbs"], "unknown column 'stbs'. Did you mean stsb?"),
        ("intervals", ["stsb", "mine"], "takes 1 column, not 2"),
        ("length", ["sts12"], "unknown task with lengths"),
    ],
)
def test_what_cannot_be_drawn_is_named(board: Leaderboard, kind: str, columns: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=re.escape(reason)):
        draw(board, kind, columns)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("length", "how long the texts are"),
        ("cost", "how large the models are"),
        ("scatter", "needs two columns"),
        ("heatmap", "no model has a rank on stsb"),
    ],
)
def test_results_that_hold_nothing_to_draw_are_named(kind: str, reason: str) -> None:
    board = make_table([ScoredTask(result("old", "stsb", 0.9)), ScoredTask(result("older", "stsb", 0.8))])
    assert "old" in texts(svg_text(draw(board, "intervals")))
    with pytest.raises(GisError, match=reason):
        draw(board, kind)


def test_a_heatmap_of_one_model_says_that_it_is_one() -> None:
    with pytest.raises(GisError, match="only one model has a rank on stsb, and a heatmap compares two or more"):
        draw(make_table([scored("good")]), "heatmap")


@pytest.mark.parametrize("kind", ["intervals", "length", "scatter", "heatmap"])
def test_a_cost_for_another_kind_of_plot_is_refused(board: Leaderboard, kind: str) -> None:
    with pytest.raises(UsageError, match=f"a cost was given for {kind}, which shows none"):
        draw(board, kind, cost="speed")


def test_without_matplotlib_the_error_names_the_extra(board: Leaderboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GisError, match=re.escape("pip install 'gis-similarity[plot]'")):
        draw(board, "intervals")


def test_the_verb_wants_an_image(gis: Gis, tmp_path: Path) -> None:
    done = gis("plot", tmp_path, "--kind", "intervals", "--output", tmp_path / "plot.jpg")
    assert (done.status, "choose a file that ends in .svg, .png or .pdf" in done.err) == (2, True)
    done = gis("plot", tmp_path, "--kind", "intervals", "--output", tmp_path / "plot.svg")
    assert (done.status, "no results in" in done.err) == (1, True)


def test_names_lie_on_all_sides_of_a_point_and_never_on_it() -> None:
    point = Box(99, 99, 101, 101)
    places = list(_places(100, 100, 40, 10, 1.0))
    assert not any(place.box.overlaps(point) for place in places)
    assert [bool(place.leader) for place in places] == sorted(bool(place.leader) for place in places)
    right, left, above, below = (place.box for place in places[:4])
    assert right.left > 100 > left.right
    assert above.bottom > 100 > below.top


def test_long_names_keep_both_ends() -> None:
    assert short_name("minilm") == "minilm"
    assert short_name("a" * 50 + "b" * 50, 11) == "aaaaa…bbbbb"


def test_numbers_have_a_real_minus_and_no_minus_zero() -> None:
    assert (number(-0.001, 1), number(-2.04, 1), number(3, 1, signed=True)) == ("0.0", "−2.0", "+3.0")
    assert [_compact(amount) for amount in (500, 20_000, 5e6, 1e9)] == ["500", "20 k", "5 M", "1 B"]


def test_cells_of_one_kind_are_drawn_as_runs() -> None:
    assert _runs(np.array([[True, True, False], [False, True, True]])) == [(0, 0, 2), (1, 1, 2)]
