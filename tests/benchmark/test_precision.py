"""The agreement of a model in less than full precision with itself in fp32."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.benchmark.precision import SAMPLED_PAIRS, sampled_pairs
from gis.benchmark.results import read_results
from gis.benchmark.tasks.sources import LoadedTask
from gis.console import Reporter
from gis.models.base import Encoder, PairScorer
from gis.models.composite import PairRows
from gis.models.fusion import Fusion
from gis.models.lexical import Jaccard
from gis.models.maxsim import MaxSim
from gis.spec import Spec
from tests.benchmark.helpers import FakeEncoder, make_task, run, settings, texts_of
from tests.models.helpers import encoder
from tests.models.helpers import settings as load_settings


class HalfEncoder(FakeEncoder):
    """One whose form in fp32 has other vectors."""

    def __init__(self, full: Encoder) -> None:
        super().__init__("half")
        self.card = replace(self.card, settings={"precision": "bf16"})
        self.full = full

    def in_full_precision(self) -> Encoder:
        return self.full


class HalfScorer(Jaccard):
    def in_full_precision(self) -> PairScorer:
        return Jaccard(Spec("jaccard"), settings(Path()).load)


@pytest.fixture
def task(tmp_path: Path) -> LoadedTask:
    return make_task(tmp_path / "data", "first")


def test_pairs_of_all_tasks_are_drawn_the_same_in_every_run() -> None:
    rows = [PairRows(np.arange(300), np.arange(300) + 1000), PairRows(np.arange(300, 600), np.arange(300, 600) + 1000)]
    sample = sampled_pairs(rows)
    assert len(sample.first) == len(set(sample.first)) == SAMPLED_PAIRS
    assert sample.first.max() >= 300 > sample.first.min()
    assert np.array_equal(sample.second, sample.first + 1000)
    assert np.array_equal(sample.first, sampled_pairs(rows).first)
    assert len(sampled_pairs([PairRows(np.arange(3), np.arange(3))]).first) == 3


def test_the_same_vectors_agree_wholly_and_are_taken_from_the_cache(tmp_path: Path, task: LoadedTask) -> None:
    full = FakeEncoder("full")
    run(full, [task], settings(tmp_path))
    full.asked.clear()
    (result,) = run(HalfEncoder(full), [task], settings(tmp_path))
    assert str(result.run.agreement) == "1.00000 on 6 pairs"
    assert result.run.precision == "bf16"
    assert not full.asked
    assert [read.run.agreement for read in read_results(tmp_path / "results")].count(result.run.agreement) == 1


def test_other_vectors_agree_less_and_are_computed_once(tmp_path: Path, task: LoadedTask) -> None:
    full = FakeEncoder("full", salt="other")
    (result,) = run(HalfEncoder(full), [task], settings(tmp_path))
    assert result.run.agreement is not None
    assert isinstance(result.run.agreement.spearman, float)
    assert result.run.agreement.spearman < 1
    assert sorted(full.asked) == sorted(texts_of(task))


def test_a_model_that_only_compares_is_compared_by_its_scores(tmp_path: Path, task: LoadedTask) -> None:
    (result,) = run(HalfScorer(Spec("jaccard"), settings(tmp_path).load), [task], settings(tmp_path))
    assert str(result.run.agreement) == "1.00000 on 6 pairs"


def test_what_runs_in_fp32_has_nothing_to_compare(tmp_path: Path, task: LoadedTask) -> None:
    (result,) = run(FakeEncoder(), [task], settings(tmp_path))
    assert result.run.agreement is None


def test_a_failure_in_fp32_is_a_warning_and_the_result_is_kept(
    tmp_path: Path, task: LoadedTask, capsys: pytest.CaptureFixture[str]
) -> None:
    full = FakeEncoder("full")
    full.nan = frozenset(texts_of(task))
    (result,) = run(HalfEncoder(full), [task], settings(tmp_path), reporter=Reporter(quiet=True))
    assert result.run.agreement is None
    assert "how far half agrees with fp32 is not known: full gave NaN" in " ".join(capsys.readouterr().err.split())


def test_a_model_of_others_is_compared_by_its_parts(tmp_path: Path, task: LoadedTask) -> None:
    lexical = Jaccard(Spec("jaccard"), settings(tmp_path).load)
    (result,) = run(Fusion([HalfEncoder(FakeEncoder("full", salt="other")), lexical]), [task], settings(tmp_path))
    assert result.run.agreement is not None
    assert isinstance(result.run.agreement.spearman, float)
    assert result.run.agreement.spearman < 1
    assert Fusion([FakeEncoder("full"), lexical]).in_full_precision() is None


def test_vectors_of_code_that_may_change_are_never_kept(tmp_path: Path, task: LoadedTask) -> None:
    full = FakeEncoder("full")
    full.reproducible = False
    for _ in range(2):
        run(HalfEncoder(full), [task], settings(tmp_path, force=True))
    assert sorted(full.asked) == sorted([*texts_of(task)] * 2)


def test_late_interaction_in_half_precision_has_a_form_in_fp32(tiny_bert: Path) -> None:
    half, full = (
        MaxSim(encoder(tiny_bert, load_settings(precision=precision), pooling="mean")) for precision in ("bf16", "fp32")
    )
    twin = half.in_full_precision()
    assert twin is not None
    assert twin.card.identity == full.card.identity != half.card.identity
    assert full.in_full_precision() is None


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_folder_in_half_precision_has_a_form_in_fp32(tiny_bert: Path, precision: str) -> None:
    half = encoder(tiny_bert, load_settings(precision=precision), pooling="cls")
    full = half.in_full_precision()
    assert full is not None
    assert full.card.identity == encoder(tiny_bert, pooling="cls").card.identity != half.card.identity
    assert full.card.name.endswith("in fp32")
    assert full.in_full_precision() is None
