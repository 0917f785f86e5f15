"""Models without weights are scored against each stratum of negatives."""

from gis.dataset.output.baselines import baselines
from gis.models.lexical import BASELINES
from tests.dataset.pairs.helpers import negative, positive

TEXTS = ["the pump leaks oil", "the pump leaks oil again", "a door creaks", "the window is broken", "the pump leaks"]


def test_every_model_has_a_score_for_each_stratum() -> None:
    pairs = [positive(0, 1), positive(0, 4), negative(0, 2, "random"), negative(1, 3, "bm25"), negative(4, 2, "bm25")]
    scores = baselines(pairs, TEXTS.__getitem__)
    assert tuple(scores) == tuple(BASELINES)
    assert {view.view for view in scores["jaccard"].views} == {"random", "bm25"}
    assert all(view.binary is not None and view.binary.auroc == 1 for view in scores["jaccard"].views)


def test_pairs_of_one_label_are_not_scored() -> None:
    assert baselines([positive(0, 1), positive(0, 4)], TEXTS.__getitem__) == {}
    assert baselines([], TEXTS.__getitem__) == {}
