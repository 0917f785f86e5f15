"""The backtest: what a replay of a store found, and what it missed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.dataset.issues.table import stamp
from gis.finder.corpus import Corpus
from gis.finder.gate import gate
from gis.finder.parts import Positions
from gis.finder.replay import Replay, pair_name
from gis.finder.search import Array
from gis.statistics.capture import Abundance, chapman
from gis.statistics.intervals import Interval
from gis.statistics.retrieval import interval_of_mean

CUTOFFS = (1, 5, 10, 20)
ALERTS = (20, 50, 100, 200, 500, 1000)  # how many of the highest scores are looked at
MISSED, MAGNETS = 50, 20  # how many are listed
SHOWN = 5  # candidates that a duplicate must be among, or it is missed


@dataclass(frozen=True, kw_only=True)
class FoundShare:
    """The share of duplicates of which an older one is among the first k candidates.

    Attributes:
        k: How many candidates.
        share: The share, 0 to 1.
        interval: Its 95 % interval, which allows for duplicates of one cluster; None for too few.
    """

    k: int
    share: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class RankedBy:
    """How well one way of ranking does.

    Attributes:
        name: A similarity, "blend", or "blend + MODEL".
        found: For each cutoff.
        mrr: Mean of 1 / rank of the first older duplicate; 0 where it is not among the first 20.
    """

    name: str
    found: tuple[FoundShare, ...]
    mrr: float


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """The new issues whose best candidate scores highest.

    Attributes:
        count: How many issues.
        lowest: The lowest score among them.
        expected: The mean of their scores.
        ruled: The share whose best candidate was ruled a duplicate.
        right: The share whose best candidate was ruled or reviewed a duplicate; None where some were not reviewed.
        caught: The share of all ruled duplicates that are among the ruled ones.
    """

    count: int
    lowest: float
    expected: float
    ruled: float
    right: float | None
    caught: float


@dataclass(frozen=True, kw_only=True)
class Known:
    """An issue, as a report names it.

    Attributes:
        name: OWNER/NAME#N.
        title: Its title.
        url: Its address.
    """

    name: str
    title: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Missed:
    """A ruled duplicate whose older ones are not among the first candidates.

    Attributes:
        issue: The duplicate.
        target: The oldest of its cluster.
        rank: Of the first older duplicate; None where it is not among the first 20.
        note: Why it was not searched for, or "".
    """

    issue: Known
    target: Known
    rank: int | None
    note: str


@dataclass(frozen=True, kw_only=True)
class Magnet:
    """A cluster that draws duplicates.

    Attributes:
        issue: The issue that its duplicates point to.
        size: How many issues it has.
        new: How many of them are duplicates that came in during the replay.
        found: How many of these had an older one among the first candidates.
    """

    issue: Known
    size: int
    new: int
    found: int


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """How many of the new issues are duplicates, whether or not people ruled so.

    Attributes:
        ruled: How many people ruled by themselves.
        reviewed: How many are right among the highest scores, all of which were ruled or reviewed.
        both: How many of those were ruled.
        all: The estimate of all, from capture and recapture.
    """

    ruled: int
    reviewed: int
    both: int
    all: Abundance


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What the finder would have shown.

    Attributes:
        past: Issues before the split.
        new: Issues after it, each searched among all older ones.
        duplicates: How many of these are ruled duplicates of an older issue.
        ruled: The names of these.
        prompted: How many of these were ruled only after a machine had named the pair.
        gated: New issues that were not searched, because they are templates, epics or empty.
        since: When the first new issue was opened.
        weeks: How long they took to come in.
        unknown: Models and data that the encoder was made from, which may hold the new issues.
        fitted_on: What the ranker was fitted to.
        rows: Each similarity alone, then the blend, then a re-ranker, then what GitHub answered.
        alerts: How often the highest scores are right.
        missed: The newest ruled duplicates that were not found.
        missed_in_all: How many there are.
        magnets: The clusters with the most new duplicates.
        completeness: How many duplicates there are; None without reviewed suggestions.
    """

    past: int
    new: int
    duplicates: int
    ruled: tuple[str, ...]
    prompted: int
    gated: int
    since: str
    weeks: float
    unknown: tuple[str, ...]
    fitted_on: str
    rows: tuple[RankedBy, ...]
    alerts: tuple[Alerts, ...]
    missed: tuple[Missed, ...]
    missed_in_all: int
    magnets: tuple[Magnet, ...]
    completeness: Completeness | None


def backtest(
    replayed: Replay, reviewed: Mapping[str, bool] | None = None, prompted: NDArray[np.bool_] | None = None
) -> Backtest:
    """Count what a replay found.

    Args:
        replayed: The replay.
        reviewed: By the names of two issues, ISSUE~CANDIDATE, whether a reviewer calls them duplicates.
        prompted: (n,) which issues were ruled duplicates only after a machine had named the pair; None for none.
    """
    corpus = replayed.corpus
    by_machine = {n for n in replayed.duplicates if prompted is not None and prompted[n]}
    verdicts = _verdicts(replayed, reviewed or {})
    missed = _missed(replayed)
    return Backtest(
        past=len(replayed.past),
        new=len(replayed.new),
        duplicates=len(replayed.duplicates),
        ruled=tuple(corpus.names[issue] for issue in sorted(replayed.duplicates)),
        prompted=len(by_machine),
        gated=sum(gate(corpus.titles[n], corpus.texts[n]) != "" for n in replayed.new),
        since=stamp(int(corpus.created[replayed.new[0]])),
        weeks=replayed.weeks,
        unknown=replayed.learned.unknown,
        fitted_on=replayed.ranker.fitted_on,
        rows=tuple(_ranked_by(name, of, replayed.duplicates, corpus) for name, of in replayed.rankings.items()),
        alerts=tuple(_alerts(replayed, verdicts)),
        missed=tuple(missed[:MISSED]),
        missed_in_all=len(missed),
        magnets=tuple(_magnets(replayed)),
        completeness=_completeness(replayed, verdicts, replayed.duplicates.keys() - by_machine) if reviewed else None,
    )


def _verdicts(replayed: Replay, reviewed: Mapping[str, bool]) -> list[bool | None]:
    """Return whether the best candidate of each issue is right; None where nobody ruled or reviewed it."""
    return [
        True if replayed.is_ruled(best) else reviewed.get(pair_name(replayed.corpus, best)) for best in replayed.best
    ]


def _completeness(replayed: Replay, verdicts: Sequence[bool | None], ruled: Collection[int]) -> Completeness | None:
    """Estimate how many duplicates there are, by the highest scores that were all ruled or reviewed.

    What people ruled because a machine had named it is not found apart from the scores, so it is not in ``ruled``.
    """
    judged = next((n for n, is_right in enumerate(verdicts) if is_right is None), len(verdicts))
    right = [best.issue for best, is_right in zip(replayed.best[:judged], verdicts, strict=False) if is_right]
    both = sum(issue in ruled for issue in right)
    if not right:
        return None
    return Completeness(ruled=len(ruled), reviewed=len(right), both=both, all=chapman(len(ruled), len(right), both))


def _final_rank(replayed: Replay, issue: int) -> float:
    return _rank(replayed.rankings[replayed.final].get(issue, np.empty(0, np.intp)), replayed.duplicates[issue])


def _missed(replayed: Replay) -> list[Missed]:
    """Return the ruled duplicates whose older ones are not among the first candidates, the newest first."""
    corpus = replayed.corpus
    missed = []
    for issue in sorted(replayed.duplicates, key=lambda n: (-corpus.created[n], n)):
        rank = _final_rank(replayed, issue)
        if rank > SHOWN:
            missed.append(
                Missed(
                    issue=_known(corpus, issue),
                    target=_known(corpus, min(replayed.duplicates[issue], key=lambda n: (corpus.created[n], n))),
                    rank=int(rank) if rank < np.inf else None,
                    note=gate(corpus.titles[issue], corpus.texts[issue]),
                )
            )
    return missed


def _magnets(replayed: Replay) -> list[Magnet]:
    corpus = replayed.corpus
    new: dict[int, list[int]] = {}
    for issue in replayed.duplicates:
        new.setdefault(int(corpus.cluster[issue]), []).append(issue)
    magnets = []
    for cluster in sorted(new, key=lambda cluster: (-len(new[cluster]), cluster))[:MAGNETS]:
        members = np.flatnonzero(corpus.cluster == cluster)
        target = next((n for n in members if corpus.canonical[n]), members[0])
        found = sum(_final_rank(replayed, issue) <= SHOWN for issue in new[cluster])
        magnets.append(Magnet(issue=_known(corpus, int(target)), size=len(members), new=len(new[cluster]), found=found))
    return magnets


def _known(corpus: Corpus, position: int) -> Known:
    repository, _, number = corpus.names[position].partition("#")
    return Known(
        name=corpus.names[position],
        title=corpus.titles[position],
        url=f"https://{corpus.host}/{repository}/issues/{number}",
    )


def _ranked_by(
    name: str, ranking: Mapping[int, Positions], duplicates: Mapping[int, frozenset[int]], corpus: Corpus
) -> RankedBy:
    issues = sorted(duplicates)
    ranks = np.array([_rank(ranking.get(issue, np.empty(0, np.intp)), duplicates[issue]) for issue in issues])
    groups = corpus.cluster[issues].astype(np.intp)
    found = []
    for k in CUTOFFS:
        hits = (ranks <= k).astype(np.float64)
        found.append(FoundShare(k=k, share=float(hits.mean()), interval=interval_of_mean(hits, groups)))
    return RankedBy(name=name, found=tuple(found), mrr=float((1 / ranks).mean()))


def _rank(ranking: Positions, wanted: frozenset[int]) -> float:
    """Return the rank of the first wanted position; infinity where there is none."""
    return next((float(n) for n, position in enumerate(ranking.tolist(), 1) if position in wanted), np.inf)


def _alerts(replayed: Replay, verdicts: Sequence[bool | None]) -> list[Alerts]:
    alerts = []
    for count in ALERTS:
        if count <= len(replayed.best):
            best, right = replayed.best[:count], verdicts[:count]
            scores: Array = np.array([each.score for each in best])
            ruled = sum(map(replayed.is_ruled, best))
            alerts.append(
                Alerts(
                    count=count,
                    lowest=float(scores.min()),
                    expected=float(scores.mean()),
                    ruled=ruled / count,
                    right=None if None in right else sum(map(bool, right)) / count,
                    caught=ruled / len(replayed.duplicates),
                )
            )
    return alerts
