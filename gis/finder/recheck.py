"""Whether a certificate still holds, by what people answered to the alerts that rest on it.

The claim is that an answered alert is wrong with a chance of at most 1 - precision, whatever came before. It is tested
by a bet that may be looked at after every answer, at any number of times (``gis.statistics.sequential``). Answers can
only break a promise: alerts that nobody answers count neither for nor against it, and none makes the threshold lower.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log

from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.labels.proposals import BY_SUGGESTION
from gis.finder.certify import Certificate
from gis.finder.outcomes import RIGHT, WRONG, Outcome, read_outcomes
from gis.statistics.sequential import log_wealth

LEVEL = 0.05  # chance that a promise which is kept is ever called broken
ROUNDING = 0.0001  # of a score in a marker


@dataclass(frozen=True, kw_only=True)
class Recheck:
    """What people answered to the alerts of a certificate.

    Attributes:
        precision: What it promises.
        right: Alerts that they took up.
        wrong: Alerts that they declined, disliked or took back, or whose issue they ruled a duplicate of another one.
        unanswered: Alerts that nobody answered.
        against: How many times as much a fair bet against the promise has become; 1 at first.
    """

    precision: float
    right: int
    wrong: int
    unanswered: int
    against: float

    @property
    def is_broken(self) -> bool:
        """Whether alerts must stop."""
        return self.against >= 1 / LEVEL

    @property
    def broken(self) -> str:
        """Why alerts must stop, in words."""
        return f"alerts have stopped: {self}, and {self.precision:.0%} were promised to be right; candidates are listed"

    def __str__(self) -> str:
        """Return it in words."""
        answered = self.right + self.wrong
        alerts = f"of {answered + self.unanswered:,} alerts so far, people answered {answered:,}"
        return alerts + (f": {self.right:,} right, {self.wrong:,} wrong" if answered else "")


def recheck(certificate: Certificate, outcomes: Iterable[Outcome]) -> Recheck:
    """Compare the answers to a certificate's alerts with its promise.

    An alert is a comment, and with it a suggestion to close the issue as a duplicate of the same one, by the same
    account. Where one of them was answered as right and the other as wrong, it counts as wrong.
    """
    every = list(outcomes)
    answers: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
    for each in every:
        if each.certificate == certificate.id and (each.score or 0) >= certificate.threshold - ROUNDING:
            answers.setdefault(_about(each), set()).add(each.answer)
    for each in every:
        if each.source == BY_SUGGESTION and _about(each) in answers:
            answers[_about(each)].add(each.answer)
    wrong = sum(not given.isdisjoint(WRONG) for given in answers.values())
    right = sum(given.isdisjoint(WRONG) and not given.isdisjoint(RIGHT) for given in answers.values())
    logarithm = log_wealth(wrong, wrong + right, 1 - certificate.precision)
    return Recheck(
        precision=certificate.precision,
        right=right,
        wrong=wrong,
        unanswered=len(answers) - right - wrong,
        against=exp(min(logarithm, log(1e9))),
    )


def _about(outcome: Outcome) -> tuple[str, str, tuple[str, ...]]:
    return outcome.issue, outcome.author, outcome.candidates


def still_valid(
    store: Store, certificate: Certificate, *, reporter: Reporter = QUIET
) -> tuple[Certificate | None, str]:
    """Return a certificate that still holds and "", or None and why it no longer does.

    Args:
        store: Where the answers are.
        certificate: The certificate.
        reporter: Told what people answered, and warned where that breaks the promise.
    """
    checked = recheck(certificate, read_outcomes(store, certificate=certificate.id))
    if not checked.is_broken:
        if checked.right + checked.wrong + checked.unanswered:
            reporter.say(str(checked))
        return certificate, ""
    reporter.warn(f"{checked.broken}; to check newer suggestions: gis find --backtest --review DIR")
    return None, checked.broken
