"""Segments: some issues of an index with their texts, vectors and words, in files that are written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from gis.finder.terms import Postings
from gis.full_disk import FullDiskError

FACTS, TEXTS, VECTORS, TITLE_VECTORS = "issues.npy", "texts.parquet", "vectors.npy", "title_vectors.npy"
WORDS, TITLE_WORDS = "words", "title_words"  # .keys.npy and so on
POSTINGS = ("keys", "starts", "texts", "counts", "lengths")
GROUP = 500  # texts that are read from a file together
GROUPS_KEPT = 64  # in memory


@dataclass(frozen=True, kw_only=True)
class Segment:
    """n issues of an index.

    Attributes:
        facts: (4, n) the store's key of the repository, the number, when it was opened, and the author's code.
        texts: Their texts.
        vectors: (n, dim) embeddings of these, of length 1.
        title_vectors: (n, dim) embeddings of the titles, likewise.
        words: The words of the texts.
        title_words: The words of the titles.
    """

    facts: NDArray[np.int64]
    texts: Sequence[str]
    vectors: NDArray[np.float32]
    title_vectors: NDArray[np.float32]
    words: Postings
    title_words: Postings

    def __len__(self) -> int:
        return int(self.facts.shape[1])

    def row(self, key: int, number: int) -> int | None:
        """Return the row of an issue, by the key of its repository and its number; None where it is not here."""
        rows = np.flatnonzero((self.facts[1] == number) & (self.facts[0] == key))
        return int(rows[0]) if len(rows) else None


def write_segment(segment: Segment, folder: Path) -> None:
    """Write the files of a segment into a new folder."""
    folder.mkdir()
    np.save(folder / FACTS, segment.facts)
    _write_texts(segment.texts, folder / TEXTS)
    for name, vectors in ((VECTORS, segment.vectors), (TITLE_VECTORS, segment.title_vectors)):
        np.save(folder / name, vectors)
    for name, postings in ((WORDS, segment.words), (TITLE_WORDS, segment.title_words)):
        for part in POSTINGS:
            np.save(folder / f"{name}.{part}.npy", getattr(postings, part))


def read_segment(folder: Path) -> Segment:
    """Map the files of a segment into memory; its texts are read when they are asked for."""
    return Segment(
        facts=_mapped(folder / FACTS),
        texts=TextFile(folder / TEXTS),
        vectors=_mapped(folder / VECTORS),
        title_vectors=_mapped(folder / TITLE_VECTORS),
        words=_postings(folder, WORDS),
        title_words=_postings(folder, TITLE_WORDS),
    )


def _postings(folder: Path, name: str) -> Postings:
    return Postings(**{part: _mapped(folder / f"{name}.{part}.npy") for part in POSTINGS})


def _mapped(path: Path) -> NDArray[Any]:
    mapped: NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)  # which is indexed faster than a memmap
    return mapped


def _write_texts(texts: Sequence[str], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("text", pa.string())])
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for start in range(0, len(texts), GROUP):
                writer.write_table(pa.table({"text": list(texts[start : start + GROUP])}, schema))
    except pa.ArrowException as error:
        raise FullDiskError(path) from error


class TextFile(Sequence[str]):
    """The texts in a file, of which those that are near each other are read together, when they are asked for."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path, memory_map=True)
        self._group = lru_cache(GROUPS_KEPT)(self._read)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[str]: ...
    def __getitem__(self, row: int | slice) -> str | Sequence[str]:
        """Return the text of a row, or those of several."""
        if isinstance(row, slice):
            return [self[n] for n in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self._group(row // GROUP)[row % GROUP]

    def _read(self, group: int) -> list[str]:
        texts: list[str] = self._file.read_row_group(group).column("text").to_pylist()
        return texts
