"""How a dataset is built: ours, and as the paper describes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gis.errors import UsageError
from gis.spec import Spec

Format = Literal["markdown", "plain", "html"]

STRATA = ("random", "same_label", "same_author", "cross_referenced", "bm25", "dense")

DEFAULT_SHARES: Mapping[str, float] = {
    "random": 0.2, "same_label": 0.2, "same_author": 0.2, "cross_referenced": 0.2, "bm25": 0.2,
}  # fmt: skip
PAPER_RATIO = 9_108 / 9_457  # negatives for each positive in the published train split


@dataclass(frozen=True)
class TextSettings:
    """How texts are made and which are left out.

    Attributes:
        form: "markdown", "plain" or "html".
        original: Take titles and bodies as they were first written, where the store knows.
        min_words: Fewer, and the issue is left out.
        max_chars: More, and the issue is left out.
        languages: ISO 639-1 codes; an issue that is surely in another is left out. Empty keeps all.
        removed: OWNER/NAME#N of issues whose authors want them left out.
    """

    form: Format = "markdown"
    original: bool = True
    min_words: int = 5
    max_chars: int = 50_000
    languages: tuple[str, ...] = ("en",)
    removed: tuple[str, ...] = ()


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


def read_shares(text: str) -> dict[str, float]:
    """Shares as they are typed, ``random=1,bm25=2``, made to sum to 1.

    Raises:
        UsageError: A stratum is unknown, or a share is no number above 0.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in STRATA:
            raise UsageError(f"--negatives: unknown stratum '{name}'; known: {', '.join(STRATA)}")
        try:
            shares[name] = float(value or 1)
        except ValueError:
            raise UsageError(f"--negatives: '{value}' is no number") from None
        if not 1e-6 <= shares[name] <= 1e6:
            raise UsageError(f"--negatives: the share of {name} must be from 0.000001 to 1,000,000")
    return {name: share / sum(shares.values()) for name, share in shares.items()}
