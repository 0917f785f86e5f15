"""The rows of a file to train on, as they were read: texts, hard negatives, labels, clusters."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.tasks.pairs import MISSING, Table, TextColumn, number_of, texts_of
from gis.benchmark.tasks.sources import LoadedTables
from gis.errors import GisError
from gis.text import plain_text

SIDES = ("anchor", "positive")
TEXT = "text"  # of rows that are single texts, each of which is its own positive
LEAST_WEIGHT = 1e-6  # and its inverse is the largest: a loss in float32 holds their products
WEIGHT = "weight"  # how much a row counts, beside others
# The columns of hard negatives: one text or a list; numbered where a row has several columns of them
NEGATIVE = re.compile(r"(hard[_-])?negatives?([_-]?\d+)?")
NO_TEXT = -1  # in the place of a hard negative, where a row has fewer than others


@dataclass(frozen=True)
class Rows:
    """The rows of a file as they were read.

    Attributes:
        sides: The first and the second texts, n of each.
        negatives: For each row its hard negatives.
        labels: (n,) the labels, or None where every pair is positive.
        clusters: For each of the two sides, the n names of its texts' clusters, None where a text has none.
        mended_texts: How many texts of the file held half of a character, which U+FFFD replaced.
        weights: (n,) the weights of the rows, or None where all weigh the same.
    """

    sides: tuple[tuple[str, ...], tuple[str, ...]]
    negatives: tuple[tuple[str, ...], ...]
    labels: NDArray[np.float64] | None
    clusters: tuple[tuple[str | None, ...], ...]
    mended_texts: int
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.sides[0])

    def sample(self, count: int, seed: int) -> "Rows":
        """Draw ``count`` rows without replacement, kept in their order; all of them if there are no more."""
        if count >= len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False))
        first, second = (tuple(side[row] for row in chosen) for side in self.sides)
        return Rows(
            (first, second),
            tuple(self.negatives[row] for row in chosen),
            None if self.labels is None else self.labels[chosen],
            tuple(tuple(side[row] for row in chosen) for side in self.clusters),
            self.mended_texts,
            None if self.weights is None else self.weights[chosen],
        )

    def sha256(self) -> str:
        """Hash texts, labels and weights, where rows have them, in their order."""
        labels = [None] * len(self) if self.labels is None else [float(label) for label in self.labels]
        weights: list[list[float]] = [[]] * len(self) if self.weights is None else [[float(w)] for w in self.weights]
        rows = zip(*self.sides, self.negatives, labels, weights, strict=True)
        lines = (
            json.dumps([first, second, *negatives, label, *weight]) for first, second, negatives, label, weight in rows
        )
        return sha256("\n".join(lines).encode()).hexdigest()

    def positions(self) -> tuple[dict[str, int], NDArray[np.intp]]:
        """Return a number for each distinct text, and the rows in these numbers: see ``TrainingSet.rows``."""
        texts = [text for side in self.sides for text in side] + [text for row in self.negatives for text in row]
        index = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        positions = np.full((len(self), 2 + max(map(len, self.negatives))), NO_TEXT, dtype=np.intp)
        for number, (first, second, negatives) in enumerate(zip(*self.sides, self.negatives, strict=True)):
            row = [first, second, *negatives]
            positions[number, : len(row)] = [index[text] for text in row]
        return index, positions


def read_rows(loaded: LoadedTables, *, plain: bool) -> Rows:
    """Read texts, labels and clusters; ``plain`` strips markup from the texts."""
    labels: NDArray[np.float64] | None = None
    if sides := _positive_sides(loaded):
        columns = [_column(loaded.tables, name) for name in sides]
        hard = [row for table in loaded.tables for row in _negatives(table, sides[0])]
        first, second = columns[0].texts, columns[-1].texts
        negatives = tuple(row.texts for row in hard)
        mended = sum(column.mended for column in (*columns, *hard))
    else:
        pairs = loaded.pairs()
        first, second, labels = pairs.text1, pairs.text2, pairs.gold
        negatives = ((),) * len(pairs)
        mended = pairs.mended_texts
    if plain:
        first, second = tuple(map(plain_text, first)), tuple(map(plain_text, second))
        negatives = tuple(tuple(map(plain_text, texts)) for texts in negatives)
    clusters = tuple(_clusters(loaded.tables, name) for name in ("cluster1", "cluster2"))
    return Rows((first, second), negatives, labels, clusters, mended, _weights(loaded.tables))


def all_positive(loaded: LoadedTables) -> bool:
    """Return whether the rows are pairs that are all positive, without labels, or single texts."""
    return bool(_positive_sides(loaded))


def _positive_sides(loaded: LoadedTables) -> tuple[str, ...]:
    """Return the columns of positive pairs, or the one of single texts; none where the rows are something else."""
    columns = loaded.tables[0].columns
    if "label" in columns:
        return ()
    if columns.keys() >= set(SIDES):
        return SIDES
    return (TEXT,) if TEXT in columns and not columns.keys() & {"text1", "text2"} else ()


def _column(tables: Sequence[Table], name: str) -> TextColumn:
    """Return one side of all rows; none may be missing."""
    for table in tables:
        if name not in table.columns:
            raise GisError(f"{table.where(0).rsplit(':', 1)[0]} lacks the column {name}, which other files of it have")
        absent = next((row for row, value in enumerate(table.columns[name]) if value in (None, MISSING)), None)
        if absent is not None:
            raise GisError(f"{table.where(absent)}: {name} is missing")
    return _joined([texts_of(table.columns[name], name, table.where) for table in tables])


def _joined(parts: Sequence[TextColumn]) -> TextColumn:
    return TextColumn(tuple(text for part in parts for text in part.texts), sum(part.mended for part in parts))


def _negatives(table: Table, anchor: str) -> list[TextColumn]:
    """Return the hard negatives of each row: one that is null or empty is not there."""
    names = sorted(filter(NEGATIVE.fullmatch, table.columns), key=lambda name: (len(name), name))
    rows: list[TextColumn] = []
    for number in range(len(table.columns[anchor])):
        parts: list[TextColumn] = []
        for name in names:
            value = table.columns[name][number]
            listed = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            present = [text for text in listed if text not in (None, MISSING, "")]
            parts.append(texts_of(present, name, lambda _: table.where(number)))  # noqa: B023 - called within the loop
        rows.append(_joined(parts))
    return rows


def _weights(tables: Sequence[Table]) -> NDArray[np.float64] | None:
    """Return the weight of each row, None where there are none or all are equal.

    Raises:
        GisError: Some files have weights and others do not, or one is not a number above 0.
    """
    if not any(WEIGHT in table.columns for table in tables):
        return None
    weights: list[float] = []
    for table in tables:
        if WEIGHT not in table.columns:
            raise GisError(
                f"{table.where(0).rsplit(':', 1)[0]} lacks the column {WEIGHT}, which other files of it have"
            )
        for row, value in enumerate(table.columns[WEIGHT]):
            weights.append(number_of(value))
            if not LEAST_WEIGHT <= weights[-1] <= 1 / LEAST_WEIGHT or isinstance(value, bool):
                shown = "missing" if value in (None, MISSING) else repr(value)
                limits = f"a number above 0, from {LEAST_WEIGHT:g} to {1 / LEAST_WEIGHT:g}"
                raise GisError(f"{table.where(row)}: the {WEIGHT} is {shown:.60}, not {limits}")
    return None if min(weights) == max(weights) else np.array(weights, dtype=np.float64)


def _clusters(tables: Sequence[Table], name: str) -> tuple[str | None, ...]:
    """Return the cluster of one side of each row, None where it has none."""
    values = [table.columns.get(name, (None,) * len(next(iter(table.columns.values())))) for table in tables]
    return tuple(None if value in (None, MISSING, "") else str(value) for part in values for value in part)
