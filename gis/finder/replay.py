"""The replay of a store: its newest issues are searched as if they came in now, by what was known before them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.finder.comparers import Comparer
from gis.finder.corpus import NO_CLUSTER, Corpus, older_duplicates
from gis.finder.gate import gate
from gis.finder.leaks import check_replay, unlearned
from gis.finder.parts import Positions
from gis.finder.ranker import Ranked, Ranker, default_ranker, fit_ranker
from gis.finder.rerank import fit_reranker, rerank
from gis.finder.search import CANDIDATES, PROPOSING, SearchedCorpus
from gis.models.learned import NOTHING, Learned, together

PAST = 0.65  # share of the issues, the oldest ones, that the ranker and the statistics of words are from
BLEND, COSINE = "blend", "cosine"


class Best(NamedTuple):
    """The best candidate of a new issue: two positions, and the score."""

    issue: int
    candidate: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The newest third of a store, searched as if it came in now.

    Attributes:
        corpus: All issues.
        ranker: What ranked the candidates.
        learned: What the models have learned from.
        past: Positions of the issues before the split.
        new: Those of the issues after it.
        duplicates: By position, the older duplicates of each new issue that has some.
        rankings: By the way of ranking, the first positions for each new issue; nothing for gated ones.
        final: The last of these ways, which suggestions are made by.
        best: The best candidate of each new issue by it, the highest score first.
    """

    corpus: Corpus
    ranker: Ranker
    learned: Learned
    past: Positions
    new: Positions
    duplicates: Mapping[int, frozenset[int]]
    rankings: Mapping[str, Mapping[int, Positions]]
    final: str
    best: Sequence[Best]

    def beside(self, other: "Replay", name: str) -> "Replay":
        """Return the replay with the rankings by the vectors of another encoder, for comparison."""
        added = {f"{way} ({name})": other.rankings[way] for way in (COSINE, BLEND)}
        learned = together([self.learned, other.learned])
        return replace(self, rankings={**self.rankings, **added}, learned=learned)

    @property
    def weeks(self) -> float:
        """How long the new issues took to come in."""
        created = self.corpus.created[self.new]
        return float(created[-1] - created[0]) / (7 * 86_400)

    def is_ruled(self, best: Best) -> bool:
        """Return whether people ruled that an issue is a duplicate of its best candidate."""
        return best.candidate in self.duplicates.get(best.issue, ())


def replay(
    searched: SearchedCorpus,
    cluster_before: Callable[[int], NDArray[np.int32]],
    learned: Learned = NOTHING,
    *,
    comparer: Comparer | None = None,
    reporter: Reporter = QUIET,
) -> Replay:
    """Replay a store: learn from its past, search with its newest third.

    Words are counted, the ranker is fitted, and rulings are read, only up to the split. An issue counts as a duplicate
    where people ruled so at any time.

    Args:
        searched: The corpus.
        cluster_before: Returns the clusters by what was ruled before a time.
        learned: What the models have learned from. The ranker is fitted to later issues only.
        comparer: Re-ranks the first candidates of the blend.
        reporter: Shows progress.

    Raises:
        GisError: The models have learned from what came in after the split, or that holds too few duplicates to tell
            anything.
    """
    corpus = searched.corpus
    order = np.argsort(corpus.created, kind="stable")
    past, new = order[: int(PAST * len(order))], order[int(PAST * len(order)) :]
    split = int(corpus.created[new[0]])
    check_replay(corpus, learned, split)
    is_new = set(new.tolist())
    duplicates = {n: older for n, older in corpus.older_duplicates.items() if n in is_new}
    if len(duplicates) < 2:
        raise GisError(
            f"{len(duplicates)} of the newest {len(new):,} issues are ruled duplicates; a backtest needs more",
            remedy="collect more issues, with their comments",
        )
    searched = _as_known(searched, past)
    known = older_duplicates(_only(cluster_before(split), past), corpus.created)
    usable = unlearned(corpus, learned)
    usable[new] = False
    ranker = fit_ranker(searched, known, usable, reporter=reporter) or default_ranker()
    if comparer is not None:
        ranker = fit_reranker(searched, known, usable, ranker, comparer, reporter=reporter)
    rankings, ranked = _search(searched, new, ranker, reporter)
    final = BLEND
    if comparer is not None:
        final = f"{BLEND} + {comparer.name}"
        texts = [corpus.texts[issue] for issue in ranked]
        again = rerank(searched, list(ranked.values()), texts, ranker, comparer, reporter=reporter)
        ranked = dict(zip(ranked, again, strict=True))
        rankings[final] = {issue: each.candidates.positions for issue, each in ranked.items()}
    return Replay(
        corpus=corpus,
        ranker=ranker,
        learned=learned,
        past=past,
        new=new,
        duplicates=duplicates,
        rankings=rankings,
        final=final,
        best=_best(corpus, ranked),
    )


def pair_name(corpus: Corpus, best: Best) -> str:
    """Return the name of an issue and its best candidate, for those who review them."""
    return f"{corpus.names[best.issue]}~{corpus.names[best.candidate]}"


def _as_known(searched: SearchedCorpus, past: Positions) -> SearchedCorpus:
    """Return the corpus with statistics of words from the past alone."""
    return replace(
        searched,
        terms=replace(searched.terms, known=past),
        title_terms=replace(searched.title_terms, known=past),
    )


def _only(cluster: NDArray[np.int32], positions: Positions) -> NDArray[np.int32]:
    kept = np.full_like(cluster, NO_CLUSTER)
    kept[positions] = cluster[positions]
    return kept


def _search(
    searched: SearchedCorpus, new: Positions, ranker: Ranker, reporter: Reporter
) -> tuple[dict[str, dict[int, Positions]], dict[int, Ranked]]:
    """Return the rankings of new issues, as ``Replay`` has them, and their candidates by the blend."""
    corpus = searched.corpus
    rankings: dict[str, dict[int, Positions]] = {name: {} for name in (*PROPOSING, BLEND)}
    by_blend: dict[int, Ranked] = {}
    asked = np.array([n for n in new if not gate(corpus.titles[n], corpus.texts[n])], np.intp)
    with reporter.track("backtest", len(asked), "issues") as tracker:
        for candidates in searched.search(searched.queries(asked)):
            tracker.advance(1, (tracker.done + 1) / len(asked))
            issue = int(asked[candidates.query])
            for name in PROPOSING:
                rankings[name][issue] = candidates.nearest[name]
            ranked = ranker.rank(candidates)
            first = np.arange(min(CANDIDATES, len(ranked.scores)))
            by_blend[issue] = Ranked(ranked.candidates.take(first), ranked.scores[first])
            rankings[BLEND][issue] = by_blend[issue].candidates.positions
    return rankings, by_blend


def _best(corpus: Corpus, ranked: Mapping[int, Ranked]) -> list[Best]:
    """Return the best candidate of each issue that may be suggested, the highest score first."""
    best = []
    for issue, (candidates, scores) in ranked.items():
        for position, score in zip(candidates.positions.tolist(), scores.tolist(), strict=True):
            if not gate(corpus.titles[position], corpus.texts[position]):
                best.append(Best(issue, position, score))
                break
    return sorted(best, key=lambda each: (-each.score, each.issue))
