"""What a model has learned must not be what it is judged by, nor what its ranker is fitted to."""

import numpy as np
from numpy.typing import NDArray

from gis.dataset.issues.table import seconds, stamp
from gis.errors import GisError
from gis.finder.corpus import Corpus
from gis.models.learned import Learned


def unlearned(corpus: Corpus, learned: Learned) -> NDArray[np.bool_]:
    """Return (n,) which issues were opened after all that a model has learned of their repository.

    A ranker that is fitted to others would trust the model more than it deserves: of them, it knows the answers.
    """
    latest = np.full(max(corpus.index_by_name.values(), default=0) + 1, -np.inf)
    for name, number in corpus.index_by_name.items():
        if name in learned.newest:
            latest[number] = seconds(learned.newest[name])
    return np.asarray(corpus.created > latest[corpus.repository], dtype=np.bool_)


def check_replay(corpus: Corpus, learned: Learned, begins: int) -> None:
    """Refuse to judge a model by issues that it may have learned from.

    Args:
        corpus: The issues.
        learned: What the model has learned from.
        begins: When the first of the issues that it is judged by was opened, in seconds since 1970.

    Raises:
        GisError: It has learned from a repository of the corpus as of a later time.
    """
    half = stamp(int(np.sort(corpus.created)[len(corpus) // 2]))[:10]
    for name in corpus.index_by_name:
        newest = learned.newest.get(name)
        if newest is not None and seconds(newest) > begins:
            raise GisError(
                f"the model was trained on {name} as of {newest[:10]}, and the backtest asks about issues from "
                f"{stamp(begins)[:10]} on: it may have learned the answers",
                remedy=f"train it on an earlier past, which leaves some for the ranker: gis build --until {half}, "
                "gis train, gis index --model FOLDER",
            )
