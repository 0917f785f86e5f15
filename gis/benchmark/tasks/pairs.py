"""Pairs of texts with a gold label, whatever they were read from."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError
from gis.text import whole_characters

MENDED = "{:,} texts of the data hold half of a character, replaced by U+FFFD"  # what people are told of mended texts
# Which issues a pair is made of, in a dataset of gis build
ISSUE_COLUMNS = ("repository1", "number1", "repository2", "number2")
Where = Callable[[int], str]  # row number -> "file:line", for messages
# Python's float() would also read "1_0", "nan" and the digits of other scripts.
NUMERAL = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}  # labels in words, in any case


@dataclass(frozen=True)
class Table:
    """Rows as they were read.

    Attributes:
        columns: Column name to values.
        where: Names a row in messages.
    """

    columns: Mapping[str, Sequence[Any]]
    where: Where


class _Missing:
    """A value that its row does not have, where other rows do."""

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold a pair; None looks for the usual names."""

    text1: str = "text1"
    text2: str = "text2"
    label: str | None = None

    def label_in(self, columns: Sequence[str]) -> str | None:
        """Return the label's column among ``columns``: the named one, else ``label``, else ``score``."""
        candidates = ("label", "score") if self.label is None else (self.label,)
        return next((name for name in candidates if name in columns), None)


class TextIds(NamedTuple):
    """The (n,) numbers of the pairs' first texts, and of their second texts."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Text pairs in their published order.

    Attributes:
        text1: First text of each pair; may be empty, as published.
        text2: Second text of each pair.
        gold: (n,) gold similarity, in the data's own unit; 0 and 1 for binary labels that a task scores.
        ids: What the data calls each pair: its ``id``, or its issues as ``OWNER/NAME#1~#2``; else the row number.
        groups: The subset or the stratum of each pair; None where the data has neither.
        grouped_by: What ``groups`` are: "subset", parts of one pooled test set, or "stratum", kinds of negatives.
        mended_texts: How many texts of the data held half of a character, which U+FFFD replaced.
    """

    text1: tuple[str, ...]
    text2: tuple[str, ...]
    gold: NDArray[np.float64]
    ids: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    grouped_by: Literal["subset", "stratum"] | None = None
    mended_texts: int = 0

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.text1)

    @property
    def binary(self) -> bool:
        """Whether the labels are yes and no: two values, whatever they are, or only one of 0 and 1."""
        return len(np.unique(self.gold)) == 2 or bool(np.isin(self.gold, (0.0, 1.0)).all())

    def with_binary_gold(self) -> "Pairs":
        """Return the pairs with 0 for the lower label and 1 for the higher, that of the positive pairs."""
        if np.isin(self.gold, (0.0, 1.0)).all():
            return self
        return replace(self, gold=(self.gold == self.gold.max()).astype(np.float64))

    @cached_property
    def content_sha256(self) -> str:
        """Hash of texts and labels, the same for any order of the rows and any file format."""
        rows = (
            json.dumps([a, b, round(float(gold), 4)], ensure_ascii=True)
            for a, b, gold in zip(self.text1, self.text2, self.gold, strict=True)
        )
        return sha256("\n".join(sorted(sha256(row.encode()).hexdigest() for row in rows)).encode()).hexdigest()

    @cached_property
    def text_ids(self) -> TextIds:
        """Numbers of the texts, from 0 in order of appearance; equal texts have equal numbers, on either side."""
        numbers: dict[str, int] = {}
        first, second = (
            np.array([numbers.setdefault(text, len(numbers)) for text in side], dtype=np.intp)
            for side in (self.text1, self.text2)
        )
        return TextIds(first, second)

    def take(self, rows: NDArray[np.intp]) -> "Pairs":
        """Return the pairs at ``rows``."""
        return Pairs(
            text1=tuple(self.text1[row] for row in rows),
            text2=tuple(self.text2[row] for row in rows),
            gold=self.gold[rows],
            ids=tuple(self.ids[row] for row in rows),
            groups=None if self.groups is None else tuple(self.groups[row] for row in rows),
            grouped_by=self.grouped_by,
            mended_texts=self.mended_texts,
        )

    def sample(self, count: int, seed: int) -> "Pairs":
        """Draw ``count`` pairs without replacement, in their order; all of them if there are no more."""
        if count >= len(self):
            return self
        rows = np.random.default_rng(seed).choice(len(self), size=count, replace=False)
        return self.take(np.sort(rows))

    def map_texts(self, change: Callable[[str], str]) -> "Pairs":
        """Return the same pairs with every text changed."""
        return replace(self, text1=tuple(map(change, self.text1)), text2=tuple(map(change, self.text2)))


def pairs_from_table(table: Table, columns: Columns, labels: Mapping[str, float] | None = None) -> Pairs:
    """Make pairs from a table.

    Args:
        table: Rows from a file, the Hub or memory.
        columns: Which columns to take; ``id`` (or the issues of each pair), ``subset`` and ``stratum`` are taken where
            they exist.
        labels: What the labels mean, where they are not numbers to be taken literally.

    Raises:
        GisError: A column is missing (the ones found are named), a text is not text, a label is not a number.
    """
    values, where = table.columns, table.where
    label = columns.label_in(list(values))
    missing = [name for name in (columns.text1, columns.text2) if name not in values]
    if label is None:
        missing.append(columns.label or "label (or score)")
    if missing or label is None:
        have = ", ".join(values) or "none"
        raise GisError(f"{where(0).rsplit(':', 1)[0]} lacks the column {', '.join(missing)}; columns found: {have}")
    sides = [texts_of(values[name], name, where) for name in (columns.text1, columns.text2)]
    gold = _gold(values[label], where, labels)
    grouped_by: Literal["subset", "stratum"] | None = None
    if "stratum" in values:
        grouped_by = "stratum"
    elif "subset" in values:
        grouped_by = "subset"
    return Pairs(
        text1=sides[0].texts,
        text2=sides[1].texts,
        gold=gold,
        ids=_ids(values, len(gold)),
        groups=tuple(map(_name, values[grouped_by])) if grouped_by else None,
        grouped_by=grouped_by,
        mended_texts=sides[0].mended + sides[1].mended,
    )


def _ids(columns: Mapping[str, Sequence[Any]], rows: int) -> tuple[str, ...]:
    """Return the name of each pair: from the column ``id``, from the columns of issues, or the number of its row."""
    names: Iterable[str] = [""] * rows
    if "id" in columns:
        names = map(_name, columns["id"])
    elif all(name in columns for name in ISSUE_COLUMNS):
        names = map(_issues_named, *(map(_name, columns[name]) for name in ISSUE_COLUMNS))
    return tuple(name or str(row) for row, name in enumerate(names))


def _issues_named(repository1: str, number1: str, repository2: str, number2: str) -> str:
    """Return OWNER/NAME#1~#2, or both names in full where the repositories differ; empty where one is unknown."""
    if not all((repository1, number1, repository2, number2)):
        return ""
    return f"{repository1}#{number1}~{'' if repository1 == repository2 else repository2}#{number2}"


def concatenated(parts: Sequence[Pairs]) -> Pairs:
    """Return several splits as one."""
    grouped_by = next((part.grouped_by for part in parts if part.grouped_by), None)
    return Pairs(
        text1=tuple(text for part in parts for text in part.text1),
        text2=tuple(text for part in parts for text in part.text2),
        gold=np.concatenate([part.gold for part in parts]),
        ids=tuple(name for part in parts for name in part.ids),
        groups=tuple(group for part in parts for group in part.groups or ("",) * len(part)) if grouped_by else None,
        grouped_by=grouped_by,
        mended_texts=sum(part.mended_texts for part in parts),
    )


class TextColumn(NamedTuple):
    """The texts of one column.

    Attributes:
        texts: The texts.
        mended: How many of them held half of a character.
    """

    texts: tuple[str, ...]
    mended: int


def texts_of(values: Sequence[Any], column: str, where: Where) -> TextColumn:
    """Return the texts of one column: a missing one is empty, and half of a character is replaced by U+FFFD.

    Raises:
        GisError: A value is not a text; the message names the row.
    """
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise GisError(f"{where(row)}: {column} is {_shown(value)}, not a text")
    texts = tuple(whole_characters(value or "") for value in values)
    mended = sum(text != (value or "") for text, value in zip(texts, values, strict=True))
    return TextColumn(texts, mended)


def _name(value: Any) -> str:  # noqa: ANN401
    """Return an id or the name of a group; empty where there is none (None, NaN, no such key)."""
    absent = value is None or value is MISSING or (isinstance(value, float) and math.isnan(value))
    return "" if absent else whole_characters(str(value))


def _gold(values: Sequence[Any], where: Where, labels: Mapping[str, float] | None) -> NDArray[np.float64]:
    """Return the (n,) labels as numbers: what ``labels`` says of each, else numbers as they are, yes and no as 1 and 0.

    Raises:
        GisError: A label is not a number; or words are mixed with numbers other than 0 and 1.
    """
    gold = np.array([_number(value, where(row), labels) for row, value in enumerate(values)], dtype=np.float64)
    if labels is None and not np.isin(gold, (0.0, 1.0)).all():
        for row, value in enumerate(values):
            if isinstance(value, bool | np.bool_) or str(value).strip().casefold() in WORDS:
                raise GisError(f"{where(row)}: the label is {_shown(value)}, where others are numbers beside 0 and 1")
    return gold


def _number(value: Any, where: str, labels: Mapping[str, float] | None) -> float:  # noqa: ANN401
    if labels is not None:
        if str(value) not in labels:
            raise GisError(f"{where}: the label is {_shown(value)}, expected one of {', '.join(labels)}")
        return labels[str(value)]
    number = number_of(value)
    if isinstance(value, str) and math.isnan(number):
        number = WORDS.get(value.strip().casefold(), math.nan)
    if not math.isfinite(number):
        raise GisError(f"{where}: the label is {_shown(value)}, not a number")
    return number


def number_of(value: Any) -> float:  # noqa: ANN401
    """Return a number as a file holds it, a numeral too; NaN for anything else."""
    if isinstance(value, str):
        return float(value) if NUMERAL.fullmatch(value) else math.nan
    try:
        return math.nan if isinstance(value, bytes | bytearray) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _shown(value: Any) -> str:  # noqa: ANN401
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
