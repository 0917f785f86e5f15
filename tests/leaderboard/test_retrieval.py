import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gis
from gis.benchmark.retrieval.results import RankedTask, scores_of
from gis.benchmark.runner import run_models
from gis.leaderboard.retrieval import retrieval_tables
from gis.leaderboard.tidy import tidy_csv
from gis.publishing.results import prepare_results
from gis.statistics.retrieval import METRICS
from tests.benchmark.helpers import FakeEncoder, make_task, settings
from tests.benchmark.retrieval.test_collection import lay_out
from tests.command_line import run_gis

MODELS = {"worse": (20, 90), "better": (1, 9)}  # the ranks of their relevant documents


@pytest.fixture
def ranked(tmp_path: Path) -> RankedTask:
    (ranked,) = run_models(["tfidf"], [str(lay_out(tmp_path / "mine"))]).ranked
    return ranked


def of_ranks(ranked: RankedTask, name: str, ranks: np.ndarray, sha256: str = "") -> RankedTask:
    """The result of a model that has these ranks, of one relevant document for each query."""
    queries = [f"q{n}" for n in range(len(ranks))]
    table = pd.DataFrame({"query": queries, "document": "d", "gain": 1.0, "rank": ranks, "group": range(len(ranks))})
    card = replace(ranked.result.model, name=name, identity=name)
    result = replace(
        ranked.result, model=card, scores=scores_of(table), task=replace(ranked.result.task, sha256=sha256)
    )
    return RankedTask(result, table)


def test_the_best_model_is_first_with_its_rank(ranked: RankedTask) -> None:
    rng = np.random.default_rng(0)
    worse = of_ranks(ranked, "worse", rng.integers(20, 90, 80))
    better = of_ranks(ranked, "better", rng.integers(1, 9, 80))
    same = of_ranks(ranked, "same", better.ranks["rank"].to_numpy())
    (table,) = retrieval_tables([worse, better, same])
    assert [row.result.model.name for row in table.rows] == ["better", "same", "worse"]
    assert list(map(str, table.ranks)) == ["1-2", "1-2", "3"]
    markdown = table.to_markdown()
    assert markdown.startswith("**mine-retrieval**: ")
    assert "any other document may be found" in markdown
    assert "| better | 1-2 | **" in markdown


def test_the_long_form_has_each_metric_with_its_interval_and_the_ranks_of_the_main_one(ranked: RankedTask) -> None:
    rng = np.random.default_rng(0)
    worse, better = (of_ranks(ranked, name, rng.integers(*ranks, 80)) for name, ranks in MODELS.items())
    rows = [*csv.DictReader(io.StringIO(tidy_csv(None, retrieval_tables([worse, better]))))]
    assert [(row["model"], row["metric"]) for row in rows] == [(n, m) for n in ("better", "worse") for m in METRICS]
    best = rows[0]
    mean = better.result.scores[METRICS[0]]
    assert mean.interval is not None
    assert (float(best["value"]), float(best["low"]), float(best["high"])) == (mean.value, *mean.interval)
    assert [best[name] for name in ("main", "view", "rank_best", "rank_worst", "sample")] == [
        "true",
        "all",
        "1",
        "1",
        "",
    ]
    assert [row["rank_best"] for row in rows[1 : len(METRICS)]] == [""] * (len(METRICS) - 1)


def test_two_queries_give_no_ranks(ranked: RankedTask) -> None:
    (table,) = retrieval_tables([ranked])
    assert table.ranks == (None,)


def test_results_of_other_data_have_a_table_of_their_own(ranked: RankedTask) -> None:
    other = of_ranks(ranked, "other", np.array([1]), sha256="f" * 64)
    first, second = retrieval_tables([ranked, other])
    assert {first.title, second.title} >= {f"mine-retrieval (data {'f' * 12})"}
    assert retrieval_tables([ranked], ["elsewhere"]) == []


def test_retrieval_alone_is_shown_and_written(tmp_path: Path) -> None:
    run_models([FakeEncoder()], [str(lay_out(tmp_path / "mine"))], settings(tmp_path))
    folder, path = str(tmp_path / "results"), tmp_path / "board.md"
    for _ in range(2):  # over the file of the first time
        assert run_gis("leaderboard", folder, "--markdown", path).status == 0
        path.write_text(path.read_text(encoding="utf-8").replace("fake", "fakes"), encoding="utf-8")
    done = run_gis("leaderboard", folder, "--html", tmp_path / "page.html")
    assert done.status == 1
    assert "has results of retrieval only" in done.err
    written = run_gis("leaderboard", folder, "--latex", tmp_path / "board.tex", "--csv", tmp_path / "board.csv")
    assert written.status == 0, written.err
    latex = (tmp_path / "board.tex").read_text(encoding="utf-8")
    assert "% mine-retrieval: 2 queries, 4 documents" in latex
    assert r"fake & -- & \textbf{" in latex
    (row,) = csv.DictReader((tmp_path / "board.csv").open(encoding="utf-8"))
    assert (row["task"], row["protocol"], row["model"]) == ("mine-retrieval", "all", "fake")
    assert float(row["Recall@20"]) == 1
    assert run_gis("leaderboard", folder, "--tidy", tmp_path / "long.csv").status == 0
    assert '"mine-retrieval","","all","nDCG@10","true",' in (tmp_path / "long.csv").read_text(encoding="utf-8")
    card = prepare_results(tmp_path / "results").card
    assert "**mine-retrieval**" in card


def test_a_folder_shows_pairs_and_retrieval(tmp_path: Path) -> None:
    folder = str(tmp_path / "results")
    run_models([FakeEncoder()], [str(lay_out(tmp_path / "mine"))], settings(tmp_path))
    shown = run_gis("leaderboard", folder).out
    assert "mine-retrieval: 2 queries, 4 documents" in shown
    assert "Recall@20" in shown
    run_models([FakeEncoder()], [make_task(tmp_path, "pairs")], settings(tmp_path))
    both = run_gis("leaderboard", folder, "--markdown", str(tmp_path / "board.md")).out
    assert "pairs" in both
    assert "Recall@20" in both
    assert "**mine-retrieval**" in (tmp_path / "board.md").read_text(encoding="utf-8")
    run_gis("leaderboard", folder, "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'id="retrieval"' in page
    assert "Recall@20" in page
    assert "Recall@20" not in run_gis("leaderboard", folder, "--task", "pairs").out
    assert "Spearman" not in run_gis("leaderboard", folder, "--task", "mine-retrieval").out
    warned = run_gis("leaderboard", folder, "--csv", tmp_path / "board.csv", "--latex", tmp_path / "board.tex").err
    assert "board.csv has the results on pairs; for those of retrieval: --task mine-retrieval, or --tidy" in warned
    assert (tmp_path / "board.tex").read_text(encoding="utf-8").count(r"\toprule") == 2
    results = gis.load_results(folder)
    assert (len(results), len(results.ranked), len(results.retrieval())) == (1, 1, 1)
