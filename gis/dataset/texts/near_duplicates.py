"""Near-duplicate texts: MinHash to find candidates, Jaccard over word shingles to confirm them.

Broder, "On the resemblance and containment of documents", 1997.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gis.dataset.union_find import DisjointSets
from gis.text import words

SHINGLE = 3  # words
PERMUTATIONS, BANDS = 128, 32  # four rows a band: two texts of Jaccard 0.8 miss each other once in 20 million
NEAR = 0.8  # Jaccard similarity from which on two texts are near-duplicates
NEXT = 1000  # texts of a bucket that one is compared with: a bot may have opened ten thousand that are alike

_RNG = np.random.default_rng(0)
# Multiply and shift, Dietzfelbinger et al. 1997: the upper half of an odd factor's product is a universal hash.
FACTORS = _RNG.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
OFFSETS = _RNG.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)


@dataclass(frozen=True)
class Sketch:
    """A text for comparison.

    Attributes:
        shingles: Hashes of its runs of three words, distinct and ascending.
        signature: (128,) MinHash.
    """

    shingles: NDArray[np.uint32]
    signature: NDArray[np.uint32]


class Sketches:
    """Sketches of texts by key, each made once.

    Args:
        text_of: A key's text.
    """

    def __init__(self, text_of: Callable[[int], str]) -> None:
        self._text_of = text_of
        self._made: dict[int, Sketch] = {}

    def __getitem__(self, key: int) -> Sketch:
        """The sketch of a key's text."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = sketch(self._text_of(key))
        return found


def sketch(text: str) -> Sketch:
    """The sketch of a text; of one without words, of its characters as they are."""
    found = words(text)
    runs = [" ".join(found[n : n + SHINGLE]) for n in range(max(len(found) - SHINGLE + 1, 1))]
    runs = runs if found else [text.strip()]
    shingles = np.unique(np.fromiter((crc32(run.encode()) for run in runs), np.uint32, len(runs)))
    hashed = (shingles.astype(np.uint64)[:, None] * FACTORS + OFFSETS) >> np.uint64(32)
    return Sketch(shingles, hashed.min(axis=0).astype(np.uint32))


def jaccard(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """What two sets share of all they have, 0 to 1."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def near_duplicates(keys: Iterable[int], sketches: Sketches, near: float = NEAR) -> list[list[int]]:
    """Groups of keys, ascending, each of whose texts has a Jaccard similarity of ``near`` at least to another's."""
    buckets: dict[bytes, list[int]] = defaultdict(list)
    rows = PERMUTATIONS // BANDS
    keys = sorted(keys)
    for key in keys:
        signature = sketches[key].signature
        for band in range(BANDS):
            buckets[bytes([band]) + signature[band * rows : (band + 1) * rows].tobytes()].append(key)
    groups = DisjointSets()
    for found in buckets.values():
        if len(found) > 1:
            _link(found, sketches, near, groups)
    return [group for group in groups.groups(keys) if len(group) > 1]


def _link(keys: Sequence[int], sketches: Sketches, near: float, groups: DisjointSets) -> None:
    """Join the near-duplicates among keys; what is joined is not compared again."""
    apart = list(reversed(keys))
    while apart:
        linked = [apart.pop()]
        while linked and apart:
            one = linked.pop()
            root, shingles, others = groups.find(one), sketches[one].shingles, apart
            apart = []
            for place, other in enumerate(reversed(others)):
                if groups.find(other) == root:
                    linked.append(other)
                elif place < NEXT and jaccard(shingles, sketches[other].shingles) >= near:
                    groups.join(one, other)
                    root = groups.find(one)
                    linked.append(other)
                else:
                    apart.append(other)
            apart.reverse()
