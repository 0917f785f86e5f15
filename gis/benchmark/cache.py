"""Embeddings on disk, one file per model identity: what was embedded once is never embedded again."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError
from gis.full_disk import FullDiskError, is_full
from gis.models.base import EncodedBatch

TABLE = "checked_vectors"  # "vectors" of version 0.1 had no checksums
WAIT_SECONDS = 60  # for another run that writes
VARIABLES_PER_STATEMENT = 500  # far below SQLite's limit


@dataclass(frozen=True, kw_only=True)
class StoredVector:
    """A text's vector and what it cost."""

    vector: NDArray[np.float32]
    tokens: int
    kept: int
    seconds: float
    hardware: str


class EmbeddingCache:
    """Text hash to vector, in a SQLite file named after the model's identity.

    Two models never share a file, whatever they are called; one model under two names does. Each batch is a
    transaction: a killed run loses the batch it was at. Each row carries a checksum: a damaged one counts as missing.
    Used in a ``with`` block.

    Attributes:
        damaged: Rows that ``find`` met and left out, as they are not what was stored.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self.damaged = 0
        self._path = path = None if folder is None else folder / "embeddings" / f"{identity}.sqlite"
        with self._errors():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path or ":memory:", timeout=WAIT_SECONDS)
            _write_ahead(self._database)
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (text_sha256 BLOB PRIMARY KEY, vector BLOB NOT NULL,"
                " tokens INTEGER NOT NULL, kept INTEGER NOT NULL, seconds REAL NOT NULL, hardware TEXT NOT NULL,"
                " checksum BLOB NOT NULL)"
            )

    def __enter__(self) -> "EmbeddingCache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def find(self, texts: Sequence[str]) -> Iterator[tuple[int, StoredVector]]:
        """Yield the position of each text that is stored, with what is stored."""
        positions = {_key(text): position for position, text in enumerate(texts)}
        keys = list(positions)
        for start in range(0, len(keys), VARIABLES_PER_STATEMENT):
            part = keys[start : start + VARIABLES_PER_STATEMENT]
            marks = ",".join("?" * len(part))
            with self._errors():
                rows = self._database.execute(f"SELECT * FROM {TABLE} WHERE text_sha256 IN ({marks})", part).fetchall()
            for key, vector, tokens, kept, seconds, hardware, checksum in rows:
                whole = key in positions and isinstance(vector, bytes)
                if not whole or checksum != _checksum(key, vector, tokens, kept, seconds, hardware):
                    self.damaged += 1
                    continue
                yield (
                    positions[key],
                    StoredVector(
                        vector=np.frombuffer(vector, np.float32),
                        tokens=tokens,
                        kept=kept,
                        seconds=seconds,
                        hardware=hardware,
                    ),
                )

    def add(self, texts: Sequence[str], batch: EncodedBatch, seconds: NDArray[np.float64], hardware: str) -> None:
        """Store a batch: ``texts`` are those of its rows, ``seconds`` what each of them cost."""
        columns = zip(texts, batch.vectors, batch.tokens, batch.kept, seconds, strict=True)
        rows = [
            (_key(text), vector.tobytes(), int(tokens), int(kept), float(cost), hardware)
            for text, vector, tokens, kept, cost in columns
        ]
        with self._errors(), self._database:
            self._database.executemany(
                f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*row, _checksum(*row)) for row in rows],
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if self._path is not None and is_full(error):
                raise FullDiskError(self._path) from error
            raise GisError(
                f"the embedding cache {self._path} cannot be used ({error})", remedy="delete it, or add --no-cache"
            ) from error


def _checksum(key: bytes, vector: bytes, tokens: object, kept: object, seconds: object, hardware: object) -> bytes:
    return sha256(b"".join((key, vector, repr((tokens, kept, seconds, hardware)).encode()))).digest()


def _write_ahead(database: sqlite3.Connection) -> None:
    """Let others read while one writes; another run that is in the way makes the switch itself, or a later one does."""
    database.execute("PRAGMA busy_timeout = 0")
    try:
        database.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
    database.execute(f"PRAGMA busy_timeout = {1000 * WAIT_SECONDS}")


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
