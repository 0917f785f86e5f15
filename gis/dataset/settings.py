"""How a dataset is built: the settings, and the two recipes that they start from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from gis.errors import UsageError, unknown_name
from gis.spec import Spec, parse_spec

Format = Literal["markdown", "plain", "html"]
Recipe = Literal["gis", "paper"]

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
DEFAULT_SPLIT = (80.0, 10.0, 10.0)  # per cent of the positive pairs in each of them

STRATA = ("random", "same_label", "same_author", "cross_referenced", "bm25", "dense")

DEFAULT_SHARES: Mapping[str, float] = {
    "random": 0.2, "same_label": 0.2, "same_author": 0.2, "cross_referenced": 0.2, "bm25": 0.2,
}  # fmt: skip
PAPER_RATIO = 9_108 / 9_457  # negatives per positive in the published train split
MAX_RATIO = 1000
WEIGHTS = (1e-6, 1e6)  # smallest and largest weight of a stratum
# The ISO 639-1 codes among the languages that py3langid detects.
LANGUAGES = frozenset(
    "af am an ar as az ba be bg bn br bs ca cs cy da de dz el en eo es et eu fa fi fo fr fy ga "  # codespell:ignore fo
    "gd gl gu ha he hi hr ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lg ln lo lt lv mg mk ml mn mr ms mt "
    "my ne nl nn no oc om or pa pl ps pt qu ro ru rw sa se si sk sl sn so sq sr st sv sw ta te "  # codespell:ignore te
    "tg th tk tl tr tt ug uk ur uz vi vo wa xh yo zh zu".split()
)


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """How texts are made, and which issues are left out.

    Attributes:
        form: "markdown", "plain" or "html".
        original: Use titles and bodies as they were first written, where the store has them.
        min_words: Issues with fewer words are left out.
        max_chars: Issues with more characters are left out.
        languages: ISO 639-1 codes; an issue that is clearly in another language is left out. Empty keeps all.
        removed: Issues, as OWNER/NAME#N, that are left out because their authors asked for it.

    Raises:
        UsageError: The form or a language is unknown, or a limit is below 1.
    """

    form: Format = "markdown"
    original: bool = True
    min_words: int = 5
    max_chars: int = 50_000
    languages: tuple[str, ...] = ("en",)
    removed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.form not in get_args(Format):
            raise unknown_name("text format", self.form, get_args(Format))
        if min(self.min_words, self.max_chars) < 1:
            raise UsageError(f"the limits must be at least 1: min_words {self.min_words}, max_chars {self.max_chars}")
        for code in self.languages:
            if code not in LANGUAGES:
                raise UsageError(
                    f"'{code}' is not an ISO 639-1 code of a language that can be detected",
                    remedy="write --languages en, or en,de, or any",
                )


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How a dataset is built.

    Attributes:
        split: Per cent of the positive pairs for train, valid and test; a split of 0 is not made.
        shares: Share, 0 to 1, of each stratum among the negatives of train; they sum to 1. In valid and test each of
            these strata has as many negatives as there are positives, where the repository has them.
        ratio: Negatives per positive in train, 0 to 1000.
        match: Choose negatives of similar length to the positives.
        closure: Maximum transitive pairs per cluster (A–C where A–B and B–C were ruled).
        text: How texts are made.
        policy: TOML file that changes which evidence counts, or None.
        judged: Folders of ``gis annotate rule`` with what models read in comments, and of ``gis annotate repair`` with
            what people decided about labels.
        dense: Encoder that finds the negatives of the stratum "dense", or None.
        retrieval: Also write a corpus, queries and relevance judgements.
        seed: Random seed for splits and negatives.
        until: Read the store as it was at this time; None for all of it.

    Raises:
        UsageError: A value is out of range, or the stratum "dense" has no encoder.
    """

    split: tuple[float, float, float] = DEFAULT_SPLIT
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    ratio: float = 1.0
    match: bool = True
    closure: int = 0
    text: TextSettings = field(default_factory=TextSettings)
    policy: Path | None = None
    judged: tuple[Path, ...] = ()
    dense: Spec | None = None
    retrieval: bool = True
    seed: int = 0
    until: datetime | None = None

    def __post_init__(self) -> None:
        if not min(self.split) >= 0 or not math.isclose(sum(self.split), 100):
            raise UsageError(
                f"the split must be three percentages that sum to 100, not {'/'.join(f'{x:g}' for x in self.split)}",
                remedy="write --split 80/10/10 (train/valid/test), or 0/0/100 to evaluate only",
            )
        if not 0 <= self.ratio <= MAX_RATIO:
            raise UsageError(
                f"the ratio of negatives to positives must be from 0 to {MAX_RATIO}, not {self.ratio}",
                remedy="choose a different --ratio",
            )
        if min(self.closure, self.seed) < 0:
            raise UsageError(f"closure and seed must not be negative: closure {self.closure}, seed {self.seed}")
        if "dense" in self.shares and self.dense is None:
            raise UsageError("negatives of the stratum 'dense' need an encoder", remedy="add --dense MODEL")
        if self.until is not None and self.judged:
            raise UsageError(
                f"what was judged may have been judged by what was said after {self.until:%Y-%m-%d}",
                remedy="leave out --judged or --until",
            )

    @property
    def share_of_split(self) -> Mapping[Split, float]:
        """Share, 0 to 1, of the positive pairs in each split that is made."""
        return {split: share / 100 for split, share in zip(SPLITS, self.split, strict=True) if share}

    @classmethod
    def from_recipe(
        cls,
        recipe: Recipe = "gis",
        *,
        split: Sequence[float] | None = None,
        negatives: Mapping[str, float] | None = None,
        ratio: float | None = None,
        dense: Spec | str | None = None,
        closure: int = 0,
        text: Format | None = None,
        original: bool | None = None,
        languages: Sequence[str] | None = None,
        min_words: int | None = None,
        max_chars: int | None = None,
        leave_out: Sequence[str] = (),
        policy: Path | str | None = None,
        judged: Sequence[Path | str] = (),
        retrieval: bool = True,
        seed: int = 0,
        until: datetime | None = None,
    ) -> "BuildSettings":
        """Return the settings of a recipe with some of them changed; what is None stays as the recipe has it.

        Args:
            recipe: "gis", or "paper": the published one, with random negatives only, HTML-like text and no length
                matching.
            split: Per cent of the positive pairs for train, valid and test: ``(80, 10, 10)``. A split of 0 is not made.
            negatives: Weight of each stratum, such as ``{"random": 1, "bm25": 2}``; only their proportions matter.
            ratio: Negatives per positive in train, 0 to 1000.
            dense: Encoder for the stratum "dense", such as "minilm". Without a weight of its own the stratum gets
                the mean weight of the others.
            closure: Maximum transitive pairs per cluster.
            text: Format of the texts: "markdown", "plain" or "html".
            original: Use titles and bodies as first written, where the store has them; False takes the current ones.
            languages: ISO 639-1 codes to keep; an empty sequence keeps all.
            min_words: Leave out issues with fewer words.
            max_chars: Leave out issues with more characters.
            leave_out: Issues to leave out, as OWNER/NAME#N.
            policy: TOML file that changes which evidence counts.
            judged: Folders of ``gis annotate rule``, whose comments that models read are evidence too, and of ``gis
                annotate repair``, of which what people decided counts.
            retrieval: Also write a corpus, queries and relevance judgements.
            seed: Random seed for splits and negatives.
            until: Read the store as it was at this time; None for all of it.

        Raises:
            UsageError: A name is unknown or a value out of range.
        """
        if recipe not in RECIPES:
            raise unknown_name("recipe", recipe, RECIPES)
        start = RECIPES[recipe]
        shares = start.shares if negatives is None else _shares(negatives)
        if dense is not None and "dense" not in shares:
            shares = _shares({**shares, "dense": 1 / len(shares)})
        texts: dict[str, Any] = {
            "form": text,
            "original": original,
            "min_words": min_words,
            "max_chars": max_chars,
            "languages": None if languages is None else tuple(languages),
            "removed": tuple(leave_out),
        }
        return replace(
            start,
            split=start.split if split is None else _split(split),
            shares=shares,
            ratio=start.ratio if ratio is None else ratio,
            closure=closure,
            text=replace(start.text, **{name: value for name, value in texts.items() if value is not None}),
            policy=None if policy is None else Path(policy),
            judged=tuple(map(Path, judged)),
            dense=parse_spec(dense) if isinstance(dense, str) else dense,
            retrieval=retrieval,
            seed=seed,
            until=until,
        )


RECIPES: Mapping[str, BuildSettings] = {
    "gis": BuildSettings(),
    "paper": BuildSettings(
        shares={"random": 1.0},
        ratio=PAPER_RATIO,
        match=False,
        text=TextSettings(form="html", original=False, min_words=1, languages=()),
    ),
}


def _split(shares: Sequence[float]) -> tuple[float, float, float]:
    if len(shares) != len(SPLITS):
        raise UsageError(
            f"the split must be three percentages, not {len(shares)}",
            remedy="write --split 80/10/10 (train/valid/test)",
        )
    train, valid, test = map(float, shares)
    return train, valid, test


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of the strata as shares that sum to 1."""
    smallest, largest = WEIGHTS
    if not isinstance(weights, Mapping):
        raise UsageError(f"the negatives {weights!r:.80} name no weights; write {{'random': 1, 'bm25': 2}}")
    if not weights:
        raise UsageError(f"name at least one stratum of negatives: {', '.join(STRATA)}")
    for name, weight in weights.items():
        if name not in STRATA:
            raise unknown_name("stratum", name, STRATA)
        if not smallest <= weight <= largest:
            raise UsageError(f"the weight of the stratum '{name}' must be from {smallest:f} to {largest:,.0f}")
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
