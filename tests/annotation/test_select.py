"""Which pairs are chosen, and that the choice is the same again."""

import json
from pathlib import Path

import numpy as np
import pytest

from gis.annotation.select import Selection, otsu_threshold, select
from gis.annotation.source import PairsToGrade, load_pairs
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import UsageError
from gis.spec import Spec
from tests.annotation.helpers import annotated, pairs_file

# Jaccard similarities of 0/20, 1/20, ... 20/20, and eighty pairs more with 0
WORDS = [f"w{n}" for n in range(20)]
ROWS = [{"id": f"p{n}", "text1": " ".join(WORDS[: n or 1]), "text2": " ".join(WORDS)} for n in range(1, 21)]
ROWS += [{"id": f"q{n}", "text1": f"other {n}", "text2": " ".join(WORDS)} for n in range(80)]
JACCARD = Spec("jaccard")


@pytest.fixture
def source(tmp_path: Path) -> PairsToGrade:
    return load_pairs(Spec(str(pairs_file(tmp_path, ROWS))), SourceSettings())


def chosen(source: PairsToGrade, **settings: object) -> list[str]:
    once, again = (select(source, Selection(**settings)) for _ in range(2))  # type: ignore[arg-type]
    assert once.pairs.ids == again.pairs.ids
    return list(once.pairs.ids)


def test_all_pairs_are_taken_without_a_limit(source: PairsToGrade) -> None:
    assert select(source, Selection()) is source
    assert select(source, Selection(limit=100)) is source


def test_a_sample_keeps_the_order_and_depends_on_the_seed(source: PairsToGrade) -> None:
    first, second = (chosen(source, limit=10, seed=seed) for seed in (0, 1))
    assert first == [name for name in source.pairs.ids if name in first]
    assert first != second


def test_the_uncertain_pairs_are_those_around_the_threshold(source: PairsToGrade) -> None:
    picked = select(source, Selection(limit=4, strategy="uncertain", by=JACCARD))
    assert picked.pairs.ids == ("p6", "p7", "p8", "p9")
    assert picked.selection["threshold"] == pytest.approx(0.375)
    assert picked.selected.startswith("4 of 100 pairs: those whose similarity by jaccard")


def test_spread_pairs_come_from_the_whole_range(source: PairsToGrade) -> None:
    assert {"p5", "p10", "p15"} <= {*chosen(source, limit=21, strategy="spread", by=JACCARD)}
    few = chosen(source, limit=10, strategy="spread", by=JACCARD)
    assert sum(name.startswith("q") for name in few) <= 1


def test_a_threshold_divides_two_groups() -> None:
    assert otsu_threshold(np.array([0.1, 0.2, 0.15, 0.9, 0.8])) == pytest.approx(0.5)
    assert otsu_threshold(np.array([0.4, 0.4])) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": "hardest"}, "unknown strategy 'hardest'"),
        ({"strategy": "spread", "limit": 5}, "the strategy spread needs a model of gis"),
        ({"strategy": "spread", "by": JACCARD}, "the strategy spread needs a number of pairs"),
        ({"limit": 1}, "the number of pairs"),
    ],
)
def test_a_strategy_that_lacks_something_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Selection(**settings)  # type: ignore[arg-type]


def test_a_model_that_nothing_is_chosen_by_is_refused(source: PairsToGrade) -> None:
    with pytest.raises(UsageError, match="drawn at random need no model"):
        select(source, Selection(by=JACCARD))


def test_the_card_and_the_manifest_name_the_strategy(tmp_path: Path) -> None:
    selection = Selection(limit=4, strategy="uncertain", by=JACCARD)
    annotated(pairs_file(tmp_path, ROWS), tmp_path / "out", "jaccard", selection=selection)
    assert "Selected, 4 of 100 pairs: those" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    manifest = json.loads((tmp_path / "out" / "gis_manifest.json").read_text(encoding="utf-8"))
    assert manifest["annotation"]["pairs"]["selection"]["strategy"] == "uncertain"
