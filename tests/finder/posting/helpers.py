"""Findings as gis find makes them, about a made-up repository."""

from dataclasses import replace
from typing import Any

from gis.finder.find import Finding, Suggestion
from gis.finder.reasons import Reasons

REASONS = Reasons(
    error_lines=("error: frobnicator is missing",),
    rare_words=("frobnicator",),
    title_words=0.5,
    cosine=0.8125,
    same_author=False,
)


def suggestion(number: int = 1, score: float = 0.75, *, web: str = "https://github.com", **changes: Any) -> Suggestion:  # noqa: ANN401
    made = Suggestion(
        issue=f"octo/widgets#{number}",
        title="The frobnicator is missing",
        url=f"{web}/octo/widgets/issues/{number}",
        state="open",
        opened="2020-01-01T00:00:00Z",
        score=score,
        similar="",
        ruled=False,
        reasons=REASONS,
    )
    return replace(made, **changes)


def finding(number: int = 2, *suggestions: Suggestion, certificate: str = "", note: str = "") -> Finding:
    return Finding(
        query=f"octo/widgets#{number}",
        title="No frobnicator",
        opened="2020-01-03T00:00:00Z",
        note=note,
        certificate=certificate,
        suggestions=suggestions,
    )
