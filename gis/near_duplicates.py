"""Near-duplicate texts: MinHash finds candidates, the Jaccard similarity of word shingles confirms them.

Broder, "On the resemblance and containment of documents", 1997; banding as in Leskovec, Rajaraman and Ullman, "Mining
of Massive Datasets", chapter 3. The library datasketch does the same; here, the hashes are seeded and vectorised.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gis.union_find import DisjointSets
from gis.words import words

SHINGLE_WORDS = 3
PERMUTATIONS, BANDS = 128, 32  # four rows per band: two texts of Jaccard 0.8 miss each other once in 20 million
NEAR_JACCARD = 0.8  # similarity from which on two texts are near-duplicates
MAX_COMPARISONS = 1000  # of a text with others of its bucket: a bot may have opened ten thousand alike

_RNG = np.random.default_rng(0)
# Multiply and shift, Dietzfelbinger et al. 1997: the upper half of an odd factor's product is a universal hash.
FACTORS = _RNG.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
OFFSETS = _RNG.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)


@dataclass(frozen=True)
class Sketch:
    """What texts are compared by.

    Attributes:
        shingles: Hashes of all runs of three words, distinct and ascending.
        signature: (128,) MinHash of the shingles.
    """

    shingles: NDArray[np.uint32]
    signature: NDArray[np.uint32]


class Sketches:
    """Sketches of texts by key, each made when first asked for.

    Args:
        text_of: Returns the text of a key.
    """

    def __init__(self, text_of: Callable[[int], str]) -> None:
        self._text_of = text_of
        self._sketches: dict[int, Sketch] = {}

    def __getitem__(self, key: int) -> Sketch:
        """Return the sketch of a key's text."""
        if key not in self._sketches:
            self._sketches[key] = sketch(self._text_of(key))
        return self._sketches[key]


def sketch(text: str) -> Sketch:
    """Return the sketch of a text; a text without words is a single shingle of its characters."""
    tokens = words(text)
    count = max(len(tokens) - SHINGLE_WORDS + 1, 1)
    runs = [" ".join(tokens[n : n + SHINGLE_WORDS]) for n in range(count)] if tokens else [text.strip()]
    shingles = np.unique(np.fromiter((crc32(run.encode()) for run in runs), np.uint32, len(runs)))
    hashed = (shingles.astype(np.uint64)[:, None] * FACTORS + OFFSETS) >> np.uint64(32)
    return Sketch(shingles, hashed.min(axis=0).astype(np.uint32))


def jaccard(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """Return the size of the intersection of two sets of shingles over that of their union, 0 to 1."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def near_duplicates(keys: Iterable[int], sketches: Sketches, threshold: float = NEAR_JACCARD) -> list[list[int]]:
    """Group near-duplicate texts.

    Args:
        keys: The keys of the texts.
        sketches: Their sketches.
        threshold: Least Jaccard similarity of near-duplicates, 0 to 1.

    Returns:
        Groups of two or more keys, ascending: each text is a near-duplicate of at least one other of its group.
    """
    buckets: dict[bytes, list[int]] = defaultdict(list)
    rows = PERMUTATIONS // BANDS
    keys = sorted(keys)
    for key in keys:
        signature = sketches[key].signature
        for band in range(BANDS):
            buckets[bytes([band]) + signature[band * rows : (band + 1) * rows].tobytes()].append(key)
    groups = DisjointSets()
    for bucket in buckets.values():
        if len(bucket) > 1:
            _join_near(bucket, sketches, threshold, groups)
    return [group for group in groups.groups(keys) if len(group) > 1]


def _join_near(keys: Sequence[int], sketches: Sketches, threshold: float, groups: DisjointSets) -> None:
    """Join the near-duplicates among ``keys``; what is joined already is not compared again."""
    apart = list(reversed(keys))
    while apart:
        to_compare = [apart.pop()]
        while to_compare and apart:
            one = to_compare.pop()
            root, shingles, others = groups.find(one), sketches[one].shingles, apart
            apart = []
            for place, other in enumerate(reversed(others)):
                if groups.find(other) == root:
                    to_compare.append(other)
                elif place < MAX_COMPARISONS and jaccard(shingles, sketches[other].shingles) >= threshold:
                    groups.join(one, other)
                    root = groups.find(one)
                    to_compare.append(other)
                else:
                    apart.append(other)
            apart.reverse()
