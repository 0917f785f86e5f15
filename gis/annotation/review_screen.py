"""The review of pairs in a terminal: one screen for each pair, one key for each answer."""

import time
from collections.abc import Container, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from gis.annotation.review import Reviews, Verdict
from gis.benchmark.tasks.pairs import Pairs
from gis.console import for_screen
from gis.text import wrapped
from gis.words import WORD, words

ANSWERS: dict[str, Verdict] = {"y": "yes", "n": "no", "u": "unsure"}
UNDO, FULL, QUIT = "z", "f", "q"
KEYS = "y yes · n no · u unsure · z undo · f full texts · q quit"
QUESTION = "Do both texts say the same?"
QUESTION_BY_TASK = {"rule": "Does the comment rule that both issues are duplicates?"}
OVERHEAD = 9  # lines of a screen that are not of the texts
FEWEST_LINES = 3  # of each text


def review(
    pairs: Pairs,
    reviews: Reviews,
    order: Sequence[int],
    keys: Iterator[str],
    console: Console,
    *,
    reviewer: str = "",
    question: str = QUESTION,
) -> None:
    """Ask about pairs until there are none left, no more keys, or the person quits.

    Args:
        pairs: The pairs; their scores are not shown.
        reviews: The answers so far, and where answers go.
        order: The rows in the order in which they are asked about; those that the person has answered are passed over.
        keys: What the person presses.
        console: Where the screens go.
        reviewer: The person's name; empty where it is not said.
        question: What is asked.
    """
    row = _next(order, reviews.of(reviewer))
    full = False
    while row is not None:
        console.clear()
        answered = sum(row in reviews.of(reviewer) for row in order)
        progress = f"{answered:,} of {len(order):,} answered"
        height = None if full else console.height
        console.print(screen(pairs, row, progress, width=console.width, height=height, question=question))
        full = False
        started = time.monotonic()
        key = _known_key(keys)
        if key == QUIT:
            return
        if key == FULL:
            full = True
        elif key == UNDO:
            undone = reviews.undo(reviewer=reviewer)
            row = row if undone is None else undone
        else:
            reviews.add(row, ANSWERS[key], seconds=time.monotonic() - started, reviewer=reviewer)
            row = _next(order, reviews.of(reviewer))


def screen(pairs: Pairs, row: int, progress: str, *, width: int, height: int | None, question: str = QUESTION) -> Text:
    """Return the screen of one pair; the words that only one of its texts has are bold.

    Args:
        pairs: The pairs.
        row: The pair.
        progress: How far the person has got.
        width: The longest line.
        height: As many lines as there is room for; None for whole texts.
        question: What is asked.
    """
    limit = None if height is None else max((height - OVERHEAD) // 2, FEWEST_LINES)
    first, second = pairs.text1[row], pairs.text2[row]
    head = f"pair {pairs.ids[row]} · {progress}"
    result = Text(f"{for_screen(head)[:width]}\n", style="", no_wrap=True, overflow="ignore")
    for number, own, other in ((1, first, second), (2, second, first)):
        result.append(f"── text {number} {'─' * max(width - 10, 0)}\n", style="dim")
        result.append_text(_shown(own, {*words(other)}, width, limit))
    result.append(f"{'─' * width}\n", style="dim")
    result.append(f"{question}\n")
    result.append(f"{wrapped(KEYS, width)}\n", style="dim")
    return result


def _shown(text: str, others: set[str], width: int, limit: int | None) -> Text:
    lines = wrapped(for_screen(text), width).split("\n")
    left = 0 if limit is None else max(len(lines) - limit, 0)
    if left:
        lines = [*lines[: len(lines) - left - 1], f"… {left + 1:,} more lines, f shows them"]
    shown = Text("\n".join(lines) + "\n")
    for word in WORD.finditer("\n".join(lines if not left else lines[:-1])):
        if not others.issuperset(words(word[0])):
            shown.stylize("bold", word.start(), word.end())
    return shown


def _known_key(keys: Iterator[str]) -> str:
    """Return the next key that means something; quit where there are no more."""
    for key in keys:
        if key.lower() in {*ANSWERS, UNDO, FULL, QUIT}:
            return key.lower()
    return QUIT


def _next(order: Sequence[int], answered: Container[int]) -> int | None:
    return next((row for row in order if row not in answered), None)
