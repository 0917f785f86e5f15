"""Which evidence makes a positive pair: one table, which a user may override."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from gis.dataset.labels.evidence import TIERS, Actor, Evidence, Tier
from gis.errors import UsageError, unknown_name

Label = Literal["positive", "train", "related", "ignore"]
LABELS: tuple[Label, ...] = ("positive", "train", "related", "ignore")
ACTORS: tuple[Actor, ...] = ("person", "bot", "guess")
Policy = Mapping[tuple[Tier, Actor], Label]

# positive: the pair may be in any split; train: only in train, as no person ruled; related: never a pair, and never a
# negative; ignore: as if it were not there.
POLICY: Policy = MappingProxyType(
    {
        (cast("Tier", tier), actor): cast("Label", label)
        for tier, labels in {
            "structured": ("positive", "train", "train"),
            "import_status": ("positive", "positive", "related"),  # bots carry over what people ruled elsewhere
            "slash_command": ("positive", "train", "related"),
            "whole_comment": ("positive", "train", "related"),
            "inside_comment": ("positive", "train", "related"),
            "label_with_target": ("positive", "train", "related"),
            "settled_suggestion": ("positive", "train", "related"),
            "suggestion": ("related", "related", "related"),
            "related": ("related", "related", "related"),
        }.items()
        for actor, label in zip(ACTORS, labels, strict=True)
    }
)


def read_policy(path: Path | None) -> Policy:
    """The table, with what a TOML file changes: ``[inside_comment]`` and below it ``person = "related"``.

    Raises:
        UsageError: The file cannot be read, or names a tier, actor or label that there is not.
    """
    if path is None:
        return POLICY
    try:
        changes = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--policy {path}: {error}") from error
    table = dict(POLICY)
    for tier, row in changes.items():
        if tier not in TIERS:
            raise unknown_name("tier", tier, TIERS, f"in {path}")
        if not isinstance(row, dict):
            raise UsageError(f'{path}: write [{tier}] and below it person = "related"')
        for actor, label in row.items():
            if actor not in ACTORS:
                raise unknown_name("actor", actor, ACTORS, f"in {path}")
            if label not in LABELS:
                raise unknown_name("label", str(label), LABELS, f"in {path}")
            table[tier, actor] = label
    return table


def label_of(evidence: Evidence, policy: Policy) -> Label:
    """What a trace makes of its pair; what was withdrawn still says that the two are related."""
    label = policy[evidence.tier, evidence.actor]
    return "related" if evidence.withdrawn and label != "ignore" else label
