"""A piece of evidence that two issues are duplicates: its tier, who said it, and whether it was taken back."""

import re
from dataclasses import dataclass
from typing import Literal

Tier = Literal[
    "structured",
    "import_status",
    "slash_command",
    "whole_comment",
    "inside_comment",
    "label_with_target",
    "settled_suggestion",
    "prompted",
    "reviewed",
    "judged",
    "suggestion",
    "related",
]
TIERS: tuple[Tier, ...] = Tier.__args__  # type: ignore[attr-defined]  # most trusted first
RULED: tuple[Tier, ...] = ("import_status", "slash_command", "whole_comment", "inside_comment")
Actor = Literal["person", "bot", "guess"]

BOT = re.compile(
    r"\[bot\]$|(?:^|[-_])(?:bot|robot|ci)$|^bot[-_]|Bot$|(?:triage|stale|dependa|merge|issue|build|rust)bot$"
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One piece of evidence that two issues are duplicates.

    Attributes:
        tier: What kind of evidence it is.
        issue: Position of the issue that it speaks of.
        target: Position of the issue that it is said to duplicate; None where that was not collected.
        reference: The target's name, OWNER/NAME#N.
        source: Where it was found: "event", "duplicateOf", "state", "label", "review", "suggestion" (GitHub's, to close
            the issue), "gis find" (a comment of it) or "comment", with the models that read it where it is of the tier
            "judged".
        source_id: GitHub's id of the event, issue or comment; "" where unknown.
        actor: Who said it: a person, a bot, or a bot that only guesses.
        created_at: When, in seconds since 1970.
        by_closer: Whether the same person closed the issue.
        seconds_to_close: Seconds from then to the nearest close, negative if that came first; None if never closed.
        withdrawn_reason: Why it no longer holds; "" if it does.
    """

    tier: Tier
    issue: int
    target: int | None
    reference: str
    source: str
    source_id: str
    actor: Actor
    created_at: int
    by_closer: bool
    seconds_to_close: int | None
    withdrawn_reason: str = ""


def looks_like_a_bot(login: str) -> bool:
    """Return whether a login is a bot's, by GitHub's suffix or by custom."""
    return bool(BOT.search(login))
