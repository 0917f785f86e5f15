"""Measure how long gis build takes for texts that are meant to take long, next to honest ones of the same size."""

import argparse
import cProfile
import pstats
import resource
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from gis.console import Reporter
from gis.dataset.build import build
from gis.dataset.settings import BuildSettings
from gis.text import whole_characters
from tests.dataset.stores import by_chance, comment, fill, issue
from tests.hostile_texts import hostile_texts

ISSUES = 60  # others in each store
RATIO = 1.2  # to honest text, that none should exceed


def make_store(path: Path, text: str) -> Path:
    """Make a store with a text in every place that strangers fill: a body, a title, comments before a ruling and after.

    Args:
        path: Where to.
        text: What is measured.
    """
    others = by_chance(ISSUES, 1)
    when = others[-1].number * 1000
    thread = [
        comment(10**6, "ann", text, when + 10),
        comment(10**6 + 1, "ben", "Duplicate of #5", when + 20),
        comment(10**6 + 2, "cat", text, when + 30),
    ]
    hostile = [
        issue(ISSUES + 1, body=text),
        issue(ISSUES + 2, title=text),
        issue(ISSUES + 3, comments=thread, closed=when + 40),
    ]
    return fill(path, [*others, *hostile])


def seconds(text: str, rounds: int = 1, profile: cProfile.Profile | None = None) -> float:
    """Return the least seconds of the processor that a build takes with this text, of some rounds."""
    settings = BuildSettings.from_recipe(max_chars=sys.maxsize)
    silent = Reporter(quiet=True)
    silent.console.quiet = True  # no warnings either: the stores are small
    took: list[float] = []
    with TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "issues.db", text)
        for n in range(rounds):
            start = resource.getrusage(resource.RUSAGE_SELF).ru_utime
            if profile:
                profile.enable()
            build(store, Path(folder) / f"data-{n}", settings, reporter=silent)
            if profile:
                profile.disable()
            took.append(resource.getrusage(resource.RUSAGE_SELF).ru_utime - start)
    return min(took)


def honest_texts(store: Path, size: int, count: int) -> list[str]:
    """Return texts of ``size`` characters, each made of other issues of a store: prose, code and logs as they come."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        bodies = connection.execute("SELECT body FROM issues WHERE body > '' ORDER BY number")
        whole = "\n\n".join(body for (body,) in bodies)
    step = (len(whole) - size) // count
    return [whole[n * step :][:size] for n in range(count)]


def texts_of(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the texts to measure with their names, as a store can hold them."""
    texts = [(kind, whole_characters(text)) for kind, text in hostile_texts(options.size, options.count)]
    return [(kind, text) for kind, text in texts if not options.only or any(part in kind for part in options.only)]


def show_profile(texts: Sequence[tuple[str, str]]) -> None:
    """Print where the time of each text goes."""
    for kind, text in texts:
        profile = cProfile.Profile()
        print(f"{kind}: {seconds(text, profile=profile):.2f} s")
        pstats.Stats(profile).sort_stats("tottime").print_stats(12)


def main() -> None:
    """Print how many texts took longer than honest ones, by how much, and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="a store with honest texts")
    parser.add_argument("--size", type=int, default=65_536, help="characters of a text")
    parser.add_argument("--count", type=int, default=200, help="generated texts, beside those that are known")
    parser.add_argument("--only", action="append", help="measure those with this in their name")
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    parser.add_argument("--honest", type=int, default=5, help="honest texts to compare with")
    parser.add_argument("--show", type=int, default=30, help="slowest texts to name")
    options = parser.parse_args()
    texts = texts_of(options)
    if not texts:
        parser.error(f"no text has {' or '.join(map(repr, options.only))} in its name")
    seconds("A short text.")  # what is loaded on first use
    if options.profile:
        show_profile(texts)
        return
    empty = seconds("A short text.", rounds=5)
    honest = [seconds(text, rounds=2) - empty for text in honest_texts(options.store, options.size, options.honest)]
    base = median(honest)
    print(f"{options.size:,} characters; without {empty:.2f} s; honest texts {', '.join(f'{s:.2f}' for s in honest)} s")
    ratios: list[tuple[float, str]] = []
    for kind, text in texts:
        ratio = (seconds(text) - empty) / base
        if ratio > RATIO:  # the machine may have been busy
            ratio = min(ratio, (seconds(text, rounds=5) - empty) / base)
        ratios.append((ratio, kind))
    ratios.sort(reverse=True)
    for ratio, kind in ratios[: options.show]:
        print(f"{ratio:6.2f}  {kind}")
    over = sum(ratio > RATIO for ratio, _ in ratios)
    print(f"over {RATIO}: {over} of {len(ratios)}; median {median(ratio for ratio, _ in ratios):.2f}")


if __name__ == "__main__":
    main()
