"""Near-duplicate texts: MinHash to find candidates, Jaccard over word shingles to confirm them.

Broder, "On the resemblance and containment of documents", 1997.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gis.models.lexical import words

SHINGLE = 3  # words
PERMUTATIONS, BANDS = 128, 32  # four rows a band: two texts of Jaccard 0.8 miss each other once in 20 million
NEAR = 0.8  # Jaccard similarity from which on two texts are near-duplicates
PRIME = np.uint64(2**61 - 1)
MOST_IN_A_BUCKET = 50  # texts compared pairwise; in a larger bucket each with the first alone


def shingles(text: str) -> NDArray[np.uint32]:
    """Hashes of the runs of three words in a text, distinct and ascending; of one without words, of the text itself."""
    found = words(text)
    runs = (
        [" ".join(found[n : n + SHINGLE]) for n in range(max(len(found) - SHINGLE + 1, 1))] if found else [text.strip()]
    )
    return np.unique(np.fromiter((crc32(run.encode()) for run in runs), np.uint32, len(runs)))


def jaccard(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """What two sets share of all they have, 0 to 1."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def near_duplicates(texts: Mapping[int, str], near: float = NEAR) -> Iterator[tuple[int, int]]:
    """Pairs of keys, the lower first, whose texts have a Jaccard similarity of ``near`` at least."""
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**31, PERMUTATIONS, dtype=np.uint64)
    offsets = rng.integers(0, 2**31, PERMUTATIONS, dtype=np.uint64)
    sets: dict[int, NDArray[np.uint32]] = {}
    buckets: dict[bytes, list[int]] = defaultdict(list)
    rows = PERMUTATIONS // BANDS
    for key in sorted(texts):
        sets[key] = shingles(texts[key])
        hashed = (sets[key].astype(np.uint64)[:, None] * factors + offsets) % PRIME
        signature = hashed.min(axis=0)
        for band in range(BANDS):
            buckets[bytes([band]) + signature[band * rows : (band + 1) * rows].tobytes()].append(key)
    seen: set[tuple[int, int]] = set()
    for keys in buckets.values():
        crowd = len(keys) > MOST_IN_A_BUCKET
        for place, one in enumerate(keys[:1] if crowd else keys):
            for other in keys[place + 1 :]:
                if (one, other) not in seen:
                    seen.add((one, other))
                    if jaccard(sets[one], sets[other]) >= near:
                        yield one, other
