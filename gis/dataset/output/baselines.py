"""Score models without weights on pairs, against each stratum of negatives."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gis.benchmark.scoring import TaskScores, score_pairs
from gis.benchmark.tasks.pairs import Pairs
from gis.dataset.pairs.positives import Pair
from gis.models.base import LoadSettings, PairScorer
from gis.models.lexical import BASELINES
from gis.models.registry import load_model
from gis.spec import Spec


def baselines(pairs: Sequence[Pair], text_of: Callable[[int], str]) -> Mapping[str, TaskScores]:
    """Score the models that need no weights.

    Args:
        pairs: Labelled pairs of positions.
        text_of: Gives the text of a position.

    Returns:
        The scores by model; empty where the pairs have one label only.
    """
    if len({pair.label for pair in pairs}) < 2:
        return {}
    table = Pairs(
        text1=tuple(text_of(pair.first) for pair in pairs),
        text2=tuple(text_of(pair.second) for pair in pairs),
        gold=np.array([float(pair.label) for pair in pairs]),
        ids=tuple(map(str, range(len(pairs)))),
        groups=tuple(pair.stratum for pair in pairs),
        grouped_by="stratum",
    )
    scores = {}
    for name in BASELINES:
        model = load_model(Spec(name), LoadSettings())
        assert isinstance(model, PairScorer)
        similarities = model.score(list(zip(table.text1, table.text2, strict=True)))
        scores[name] = score_pairs(table, similarities, binary=True)
    return scores
