"""What a suggestion says, in words: the one form for the screen and for comments."""

from collections.abc import Callable
from datetime import datetime

from gis.finder.reasons import Reasons

LOWEST_SHOWN = 0.005  # of a score in per cent


def percent(score: float) -> str:
    """Return a chance as people read it."""
    return f"{score:.0%}" if score >= LOWEST_SHOWN else "<1%"


def age(opened: str, asked: str) -> str:
    """Return how long before the query an issue was opened: ", 12 days before"; "" where that is unknown or after."""
    if not asked:
        return ""
    days = (datetime.fromisoformat(asked) - datetime.fromisoformat(opened)).days
    return f", {days:,} {'day' if days == 1 else 'days'} before" if days >= 0 else ""


def reasons_in_words(reasons: Reasons, quoted: Callable[[str], str] = str) -> list[str]:
    """Return reasons as lines.

    Args:
        reasons: What two issues have in common.
        quoted: Makes what people wrote harmless where the lines are shown.
    """
    lines = [f"in both: {quoted(line)}" for line in reasons.error_lines]
    if reasons.rare_words:
        lines.append(f"rare words in both: {', '.join(map(quoted, reasons.rare_words))}")
    same = "; the same author" if reasons.same_author else ""
    return [*lines, f"{reasons.title_words:.0%} of the title words; cosine {reasons.cosine:.2f}{same}"]
