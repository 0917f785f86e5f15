"""Flip bits of a file, one after the other, and sort what comes of it: the same, repaired, or named."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest

from gis.errors import GisError
from tests.faults import THOROUGH

COUNTS = [pytest.param(10, id="some"), pytest.param(200 if THOROUGH else 40, id="many", marks=pytest.mark.slow)]
Verdict = Literal["same", "repaired", "named"]


def flip(path: Path, rng: random.Random) -> None:
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def flips(path: Path, count: int, seed: int = 7) -> Iterator[int]:
    """Flip a bit of a file at random, ``count`` times, and put the file back after each turn.

    What SQLite may have left beside the file is removed before each turn.
    """
    whole, rng = path.read_bytes(), random.Random(f"{seed} {path.name}")
    for turn in range(count):
        for beside in path.parent.glob(f"{path.name}-*"):
            beside.unlink()
        flip(path, rng)
        yield turn
        path.write_bytes(whole)


def verdicts(path: Path, count: int, use: Callable[[], Verdict], names: Sequence[str], seed: int = 7) -> Counter[str]:
    """Use a file with a flipped bit, ``count`` times; whatever is neither right nor named raises.

    Args:
        path: The file.
        count: How many bits are flipped, one at a time.
        use: Uses the file, asserts that what comes of it is right, and returns how that was so.
        names: What an error or its remedy says, one of them: the file or folder, what is wrong with it, the way out.
        seed: Of the places of the bits.

    Returns:
        How often each verdict was given.
    """
    counts: Counter[str] = Counter()
    for turn in flips(path, count, seed):
        try:
            verdict = use()
        except GisError as error:
            message = error.for_command_line
            assert any(name in message for name in names), f"flip {turn} of {path.name}: {message}"
            verdict = "named"
        counts[verdict] += 1
    return counts
