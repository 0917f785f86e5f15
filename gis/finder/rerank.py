"""Re-ranking: the first candidates are compared with the query by another model, whose answer is one more feature."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.finder.comparers import Comparer
from gis.finder.ranker import COMPARISON, FEWEST_DUPLICATES, Examples, Ranked, Ranker, examples
from gis.finder.search import Candidates, SearchedCorpus

COMPARED = 10  # candidates of each query
MOST_FITTED = 300  # duplicates; a comparison may take a second


def fit_reranker(
    searched: SearchedCorpus,
    duplicates: Mapping[int, frozenset[int]],
    usable: NDArray[np.bool_],
    ranker: Ranker,
    comparer: Comparer,
    *,
    reporter: Reporter = QUIET,
) -> Ranker:
    """Return a ranker that also weighs what a comparer says of its first candidates.

    Args:
        searched: The corpus.
        duplicates: By position, the older duplicates of each issue that is known to be one.
        usable: (n,) the issues to learn from.
        ranker: What chooses the first candidates.
        comparer: What compares them.
        reporter: Shows progress.

    Raises:
        GisError: There are too few duplicates to learn from, or the comparer fails.
    """
    known = examples(searched, duplicates, usable, most=MOST_FITTED, reporter=reporter)
    count = sum(map(bool, known.targets))
    firsts = [_first(ranker.rank(candidates)) for candidates in known.candidates]
    texts = [searched.corpus.texts[candidates.query] for candidates in known.candidates]
    seen = Examples(compared(searched, firsts, texts, comparer, reporter), known.targets, known.weight)
    weights = seen.fit(f"{count:,} duplicates of this store") if count >= FEWEST_DUPLICATES else None
    if weights is None:
        raise GisError(
            f"{count} duplicates are known that {comparer.name} may be weighed by; {FEWEST_DUPLICATES} are needed",
            remedy="collect more issues, or index the store without a re-ranker",
        )
    return replace(ranker, compared=weights)


def rerank(
    searched: SearchedCorpus,
    ranked: Sequence[Ranked],
    texts: Sequence[str],
    ranker: Ranker,
    comparer: Comparer,
    *,
    reporter: Reporter = QUIET,
) -> list[Ranked]:
    """Return the candidates of queries, the first of them in the order that the comparer adds to.

    The others follow as they were, with scores no higher than those.

    Args:
        searched: The corpus.
        ranked: Candidates by the ranker alone.
        texts: The text of each query.
        ranker: As ``fit_reranker`` returned it.
        comparer: The one that it was fitted with.
        reporter: Shows progress.
    """
    assert ranker.compared is not None
    firsts = compared(searched, list(map(_first, ranked)), texts, comparer, reporter)
    return [_followed(ranker.compared.rank(first), before) for first, before in zip(firsts, ranked, strict=True)]


def compared(
    searched: SearchedCorpus,
    firsts: Sequence[Candidates],
    texts: Sequence[str],
    comparer: Comparer,
    reporter: Reporter,
) -> list[Candidates]:
    """Return candidates with what a comparer says of them: the features ``COMPARISON``."""
    corpus = searched.corpus
    pairs = [(text, corpus.texts[n]) for text, each in zip(texts, firsts, strict=True) for n in each.positions]
    scores = comparer.compare(pairs, reporter)
    ends = np.cumsum([len(each.positions) for each in firsts])[:-1]
    extended = []
    for candidates, own in zip(firsts, np.split(scores, ends), strict=True):
        rank = 1 + np.searchsorted(np.sort(-own), -own, "left")
        features = np.stack([own, own.max(initial=-np.inf) - own, 1 / rank], axis=1)
        extended.append(replace(candidates, features=np.concatenate([candidates.features, features], axis=1)))
    return extended


def _followed(first: Ranked, before: Ranked) -> Ranked:
    """Return the candidates that were compared, and behind them those that were not."""
    rest = before.candidates.take(np.arange(len(first.scores), len(before.scores)))
    features = np.pad(rest.features, ((0, 0), (0, len(COMPARISON))))
    candidates = replace(
        first.candidates,
        positions=np.concatenate([first.candidates.positions, rest.positions]),
        features=np.concatenate([first.candidates.features, features]),
    )
    lowest = first.scores.min(initial=1.0)
    scores = np.concatenate([first.scores, np.minimum(before.scores[len(first.scores) :], lowest)])
    return Ranked(candidates, scores)


def _first(ranked: Ranked) -> Candidates:
    return ranked.candidates.take(np.arange(min(COMPARED, len(ranked.scores))))
