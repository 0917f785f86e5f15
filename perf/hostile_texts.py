"""Measure how long each part of gis build takes on texts that are meant to take long, next to honest ones."""

import argparse
import signal
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from gis.dataset.issues.references import references
from gis.dataset.labels.replies import agrees, confirms, takes_back
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.sameness import speaks_of_sameness
from gis.dataset.labels.spoken import spoken
from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import clean, learn_templates, prose
from gis.dataset.texts.filters import judge
from gis.dataset.texts.redaction import redact
from gis.languages import possible_languages
from gis.masking import masked
from gis.near_duplicates import sketch
from gis.text import plain_text, visible
from gis.words import words
from tests.hostile_texts import hostile_texts

PARTS: dict[str, Callable[[str], object]] = {
    "rulings": lambda text: [*rulings(text), takes_back(text), confirms(text), agrees(text)],
    "citations": lambda text: [*references(text), *references(spoken(text)), speaks_of_sameness(text)],
    "templates": lambda text: learn_templates([text]),
    "clean": lambda text: clean("A title", text, frozenset(), lambda _: True, "markdown"),
    "title": lambda text: clean(text, "", frozenset(), lambda _: True, "markdown"),
    "html": lambda text: clean("A title", text, frozenset(), lambda _: True, "html"),
    "plain": lambda text: plain_text(text),
    "redact": lambda text: redact(text, Counter()),
    "judge": lambda text: judge(text, TextSettings(max_chars=sys.maxsize)),
    "language": lambda text: possible_languages(prose(text)),
    "words": words,
    "sketch": sketch,
    "screen": lambda text: visible(masked(text)),
}


class TooLongError(Exception):
    """A part took longer than the limit."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise ``TooLongError`` where the block takes longer."""

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise TooLongError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def seconds_of(part: Callable[[str], object], text: str, most: float) -> float:
    """Return the seconds that a part takes for a text; inf where they are more than ``most``."""
    start = time.process_time()
    try:
        with limit(most):
            part(text)
    except TooLongError:
        return float("inf")
    return time.process_time() - start


def main() -> None:
    """Print a line for each part: honest text, how many others take more than 1.2 times as long, and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="a store with honest texts")
    parser.add_argument("--size", type=int, default=65_536)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--most", type=float, default=20)
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    names = options.parts.split(",")
    with sqlite3.connect(f"file:{options.store}?mode=ro", uri=True) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM issues WHERE body > '' LIMIT 4000")]
    honest = "\n\n".join(bodies)[: options.size]
    assert len(honest) == options.size
    base = {name: min(seconds_of(PARTS[name], honest, 600) for _ in range(2)) for name in names}
    slowest: dict[str, list[tuple[float, str]]] = {name: [] for name in names}
    total: defaultdict[str, float] = defaultdict(float)
    for kind, text in hostile_texts(options.size, options.count):
        for name in names:
            try:
                took = seconds_of(PARTS[name], text, options.most)
            except Exception as error:
                print(f"{name}: {kind}: {type(error).__name__}")
                continue
            slowest[name].append((took, kind))
            total[kind] += took
    print(f"{options.size:,} characters; honest text in all {sum(base.values()):.2f} s")
    for name in names:
        worst = sorted(slowest[name], reverse=True)[: options.show]
        over = sum(took > 1.2 * base[name] + 0.01 for took, _ in slowest[name])
        slowest_texts = ", ".join(f"{took:.2f} {kind}" for took, kind in worst)
        print(f"{name:10} honest {base[name]:.3f} s, over 1.2: {over}; {slowest_texts}")


if __name__ == "__main__":
    main()
