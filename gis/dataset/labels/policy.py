"""Which evidence makes a positive pair: one table, which a user may override."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

from gis.dataset.labels.evidence import TIERS, Actor, Evidence, Tier
from gis.errors import UsageError, unknown_name
from gis.files import read_written_by_hand

Label = Literal["positive", "train", "related", "ignore"]
LABELS: tuple[Label, ...] = ("positive", "train", "related", "ignore")
ACTORS: tuple[Actor, ...] = ("person", "bot", "guess")
Policy = Mapping[tuple[Tier, Actor], Label]

# "positive": the pair may be in any split. "train": only in train, as no person ruled. "related": neither a positive
# nor a negative pair. "ignore": as if the evidence did not exist, but never a negative pair.
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
            "prompted": ("train", "related", "related"),  # a person ruled after a machine had named the pair
            "reviewed": ("train", "related", "related"),  # a person, asked because models contradict a label
            "judged": ("train", "related", "related"),  # a model read a person's words
            "suggestion": ("related", "related", "related"),
            "related": ("related", "related", "related"),
        }.items()
        for actor, label in zip(ACTORS, labels, strict=True)
    }
)


class PolicyFile(NamedTuple):
    """A policy, and the text of the file that made it.

    Attributes:
        policy: The default with the changes of the file.
        text: The file as it was read; None where there is none.
    """

    policy: Policy
    text: str | None


def read_policy(path: Path | None) -> PolicyFile:
    """Return the default policy with the changes of a TOML file, which is read once.

    Args:
        path: A file with tables such as ``[inside_comment]`` and keys such as ``person = "related"``; None for none.

    Raises:
        UsageError: The file cannot be read, or names an unknown tier, actor or label.
    """
    if path is None:
        return PolicyFile(POLICY, None)
    try:
        text = read_written_by_hand(path)
        changes = tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the policy {path}: {error}", remedy="check the file given as --policy"
        ) from error
    table = dict(POLICY)
    for tier, row in changes.items():
        if tier not in TIERS:
            raise unknown_name("tier", tier, TIERS, f"in {path}")
        if not isinstance(row, dict):
            raise UsageError(f"{path}: {tier} is not a table", remedy=f'write [{tier}] and below it person = "related"')
        for actor, label in row.items():
            if actor not in ACTORS:
                raise unknown_name("actor", actor, ACTORS, f"in {path}")
            if label not in LABELS:
                raise unknown_name("label", str(label), LABELS, f"in {path}")
            table[tier, actor] = label
    return PolicyFile(table, text)


def label_of(evidence: Evidence, policy: Policy) -> Label:
    """Return the label of a pair with this evidence; withdrawn evidence still makes the two issues related."""
    label = policy[evidence.tier, evidence.actor]
    return "related" if evidence.withdrawn_reason and label != "ignore" else label
