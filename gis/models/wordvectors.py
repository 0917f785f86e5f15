"""The mean of word vectors from a GloVe or word2vec text file."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.hashes import sha256_of, sha256_of_file
from gis.models.base import EncodedBatch, Encoder, LoadSettings, ModelCard
from gis.spec import Spec

TOKEN = re.compile(r"\w+|[^\w\s]")
TEXTS_PER_BATCH = 4096


class WordVectors(Encoder):
    """Mean of the vectors of a text's words; a word is looked up as written, then in lower case.

    Words without a vector are left out; a text of only such words gets the zero vector, which results count.
    """

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        spec.check_options(("path",))
        if "path" not in spec.options:
            raise UsageError(
                f"{spec.name} needs a file of vectors", remedy=f"name it: {spec.name},path=glove.6B.300d.txt"
            )
        self._path = Path(spec.options["path"]).expanduser()
        if not self._path.is_file():
            raise UsageError(f"no file of word vectors at {self._path}")
        content = sha256_of_file(self._path)
        self.card = ModelCard(
            name=f"{spec.name},path={self._path.name}",
            identity=sha256_of({"adapter": "wordvectors", "file": content, "token": TOKEN.pattern}),
            settings={
                "file": self._path.name,
                "file_sha256": content,
                "words": TOKEN.pattern,
                "pooling": "mean",
            },
            length_unit="words",
        )

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, reading from the file only the vectors of words that occur in them."""
        tokenized = [TOKEN.findall(text) for text in texts]
        forms = {form for words in tokenized for word in words for form in (word, word.lower())}
        table, dimension = self._read(forms)
        for start in range(0, len(texts), TEXTS_PER_BATCH):
            rows = np.arange(start, min(start + TEXTS_PER_BATCH, len(texts)))
            vectors = np.zeros((len(rows), dimension), dtype=np.float32)
            for row, words in enumerate(tokenized[start : start + TEXTS_PER_BATCH]):
                known = [table[word] if word in table else table[word.lower()] for word in words if _has(table, word)]
                if known:
                    vectors[row] = np.mean(known, axis=0)
            counts = np.array([len(tokenized[row]) for row in rows], dtype=np.int64)
            yield EncodedBatch(
                rows=rows, vectors=vectors, tokens=counts, kept=counts, share=(rows[-1] + 1) / len(texts)
            )

    def _read(self, forms: set[str]) -> tuple[dict[str, NDArray[np.float32]], int]:
        """Read the vectors of the words in ``forms``, and their width."""
        table: dict[str, NDArray[np.float32]] = {}
        dimension = 0
        with _open(self._path) as file:
            for number, (word, values) in self._lines(file):
                if number == 1 and len(values) == 1 and word.isdigit():
                    continue  # word2vec's first line: words and width
                dimension = dimension or len(values)
                # A few entries of the large GloVe files are words with spaces in them, never looked up here.
                if word in forms and len(values) == dimension:
                    try:
                        table.setdefault(word, np.array(values, dtype=np.float32))
                    except ValueError as error:
                        raise GisError(f"{self._path}:{number}: not a word and its numbers ({error})") from error
        if not dimension:
            raise GisError(f"{self._path} holds no word vectors")
        return table, dimension

    def _lines(self, file: Iterable[str]) -> Iterator[tuple[int, tuple[str, list[str]]]]:
        """Line number, word and values of each line."""
        try:
            for number, line in enumerate(file, start=1):
                word, *values = line.rstrip().split(" ")
                yield number, (word, values)
        except (OSError, EOFError, zlib.error) as error:
            raise GisError(f"{self._path} cannot be read ({error}); is it whole?") from error


def _has(table: dict[str, NDArray[np.float32]], word: str) -> bool:
    return word in table or word.lower() in table


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="\n")
    return path.open(encoding="utf-8", errors="replace", newline="\n")
