"""How a dataset is built: ours, and as the paper describes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gis.collector.dataset.negatives import DEFAULT_SHARES
from gis.collector.dataset.texts import TextSettings
from gis.spec import Spec

PAPER_RATIO = 9_108 / 9_457  # negatives for each positive in the published train split


@dataclass(frozen=True)
class BuildSettings:
    """How a dataset is built.

    Attributes:
        shares: Of each stratum of negatives, summing to 1.
        ratio: Negatives for each positive.
        match: Negatives as long as the positives.
        closure: Pairs of each cluster, at the most, that nobody ruled on but that follow.
        text: How texts are made.
        policy: File that changes which evidence counts, or None.
        dense: The encoder that finds dense neighbours, or None.
        retrieval: Also write corpus, queries and relevance.
        seed: Of splits and negatives.
    """

    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    ratio: float = 1.0
    match: bool = True
    closure: int = 0
    text: TextSettings = field(default_factory=TextSettings)
    policy: Path | None = None
    dense: Spec | None = None
    retrieval: bool = True
    seed: int = 0


# The paper's: random negatives, about half and half, HTML-like text, nothing matched or left out.
PAPER = BuildSettings({"random": 1.0}, PAPER_RATIO, match=False, text=TextSettings("html", False, 1, languages=()))
RECIPES: Mapping[str, BuildSettings] = {"gis": BuildSettings(), "paper": PAPER}
