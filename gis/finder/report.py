"""A backtest in words, and as one HTML page for those who triage issues."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from gis.finder.backtest import CUTOFFS, SHOWN, Backtest, Known
from gis.leaderboard.page.base import asset, content_policy, environment
from gis.leaderboard.page.tables import Cell, PlainTable, plain_table
from gis.statistics.intervals import Interval

STYLE = """
.curve { max-width: 44rem; }
.curve text { fill: var(--ink); font-size: 12px; }
.curve .grid { stroke: var(--rule); }
.curve polyline { fill: none; stroke-width: 2; }
.curve .ruled { stroke: var(--faint); }
.curve .right { stroke: var(--blue); }
.curve circle.ruled { fill: var(--faint); }
.curve circle.right { fill: var(--blue); }
"""
LEFT, RIGHT, TOP, BOTTOM = 70, 600, 20, 265  # of the curve
ASSUMES = (
    "Capture and recapture (Chapman 1951): people who rule and the reviewer are two searches for the same duplicates, "
    "and the more of what one found the other found too, the fewer are left. It takes for granted that both look at "
    "the same issues, that their answers are right, and that either finds a duplicate with the same chance whether "
    "the other found it or not. Obvious duplicates are found by both, so there are probably more."
)


class Point(NamedTuple):
    """A point of a curve: where it is, what it shows, and what stands below it."""

    x: int
    y: int
    text: str
    below: str


class Curve(NamedTuple):
    """A curve."""

    title: str
    style: str
    points: list[Point]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section of the page."""

    anchor: str
    title: str
    lines: Sequence[str] = ()
    tables: Sequence[PlainTable] = ()


def summary(tested: Backtest) -> str:
    """Say what was replayed."""
    sources = ", ".join(tested.unknown)
    unknown = f" Nothing says whether {sources} learned from these issues." if sources else ""
    prompted = (
        f" {tested.prompted:,} of them were ruled only after a machine had named the pair, which flatters what finds "
        "the same as that machine."
        if tested.prompted
        else ""
    )
    return (
        f"{tested.new:,} issues of the last {tested.weeks:.0f} weeks, from {tested.since[:10]} on, searched among all "
        f"older ones; {tested.duplicates:,} are ruled duplicates of an older one.{prompted} Words and the ranker "
        f"({tested.fitted_on}) are from the {tested.past:,} issues before. {tested.gated:,} issues were not "
        f"searched: tracking issues, epics, lists of tasks, or nearly empty; they count as not found.{unknown}"
    )


def completeness(tested: Backtest) -> str:
    """Say how many duplicates there are, whether or not people ruled so."""
    known = tested.completeness
    if known is None:
        return "How many duplicates nobody marked is not known: that takes reviewed suggestions."
    low, high = known.all.interval
    return (
        f"People ruled{' by themselves' if tested.prompted else ''} {known.ruled:,} new issues duplicates. Of those "
        f"with the highest scores, {known.reviewed:,} are right by ruling or review, and {known.both:,} of these were "
        "ruled. So there are about "
        f"{known.all.estimate:,.0f} duplicates (95 % interval {low:,.0f} to {high:,.0f}), of which people marked "
        f"{known.ruled / known.all.estimate:.0%}."
    )


def render_report(tested: Backtest, name: str) -> str:
    """Return a backtest as a page that holds everything it needs.

    Args:
        tested: The backtest.
        name: Of what was tested.
    """
    style = asset("page.css") + Markup(STYLE)
    return (
        environment(Path(__file__).parent)
        .get_template("report.html.jinja")
        .render(
            policy=content_policy(style),
            style=style,
            name=name,
            summary=summary(tested),
            parts=_parts(tested),
            curves=_curves(tested),
            ticks=[Point(0, _y(share / 4), f"{25 * share} %", "") for share in range(5)],
        )
    )


def share(value: float, interval: Interval | None) -> str:
    """Return a share with half of its interval."""
    return f"{value:.3f}" if interval is None else f"{value:.3f} ±{(interval[1] - interval[0]) / 2:.3f}"


def _parts(tested: Backtest) -> list[Part]:
    found = plain_table(
        "Found at k",
        "an older duplicate is among the first k candidates; ± is half of the 95 % interval, MRR the mean of 1 / rank",
        ["ranked by", *(f"found at {k}" for k in CUTOFFS), "MRR"],
        [
            (row.name, *(share(each.share, each.interval) for each in row.found), f"{row.mrr:.3f}")
            for row in tested.rows
        ],
    )
    alerts = plain_table(
        "Alerts",
        "the new issues whose first candidate has the highest scores. Ruled right is the least that is right, because "
        "people do not see every duplicate",
        [
            "highest scores",
            "a week",
            "score from",
            "expected right",
            "ruled right",
            "ruled or reviewed right",
            "duplicates caught",
        ],
        [
            (
                f"{each.count:,}",
                f"{each.count / max(tested.weeks, 1e-9):.1f}",
                f"{each.lowest:.2f}",
                f"{each.expected:.0%}",
                f"{each.ruled:.0%}",
                "not all reviewed" if each.right is None else f"{each.right:.0%}",
                f"{each.caught:.0%}",
            )
            for each in tested.alerts
        ],
    )
    magnets = plain_table(
        "Duplicate magnets",
        "the clusters that drew the most duplicates during the replay, by the issue that they point to",
        ["issue", "title", "issues in all", "new duplicates", f"found at {SHOWN}"],
        [
            (_link(each.issue), each.issue.title, f"{each.size:,}", f"{each.new:,}", f"{each.found:,}")
            for each in tested.magnets
        ],
        words=True,
    )
    missed = plain_table(
        "Missed",
        f"ruled duplicates whose older ones are not among the first {SHOWN} candidates: the newest "
        f"{len(tested.missed):,} of {tested.missed_in_all:,}",
        ["issue", "title", "duplicate of", "title of that", "found at"],
        [
            (
                _link(each.issue),
                each.issue.title,
                _link(each.target),
                each.target.title,
                each.note or ("not among 20" if each.rank is None else str(each.rank)),
            )
            for each in tested.missed
        ],
        words=True,
    )
    return [
        Part(anchor="found", title="How many duplicates are found", tables=[found]),
        Part(anchor="alerts", title="How often alerts are right", tables=[alerts]),
        Part(
            anchor="complete",
            title="How complete the labels are",
            lines=[completeness(tested), *([ASSUMES] if tested.completeness else [])],
        ),
        Part(anchor="magnets", title="Clusters that draw duplicates", tables=[magnets]),
        Part(anchor="missed", title="What was missed", tables=[missed]),
    ]


def _link(issue: Known) -> Cell:
    return Cell(issue.name, url=issue.url)


def _curves(tested: Backtest) -> list[Curve]:
    """Return the precision of alerts by labels and, as far as known, by review too."""
    weeks, alerts = max(tested.weeks, 1e-9), tested.alerts
    points: dict[str, list[Point]] = {"ruled": [], "right": []}
    for n, each in enumerate(alerts):
        x = LEFT + (RIGHT - LEFT) * n // max(len(alerts) - 1, 1)
        for style, precision in (("ruled", each.ruled), ("right", each.right)):
            if precision is not None:
                a_week = f"{each.count / weeks:.1f}"
                text = f"{a_week} a week: {precision:.0%} right, from a score of {each.lowest:.2f}"
                points[style].append(Point(x, _y(precision), text, a_week))
    curves = [
        Curve("ruled right", "ruled", points["ruled"]),
        Curve("ruled or reviewed right", "right", points["right"]),
    ]
    return [curve for curve in curves if curve.points]


def _y(precision: float) -> int:
    return round(BOTTOM - (BOTTOM - TOP) * precision)
