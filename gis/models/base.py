"""The two kinds of model: an encoder embeds texts, a pair scorer can only compare them."""

import platform
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError, check_number, unknown_name
from gis.text import whole_characters

Precision = Literal["fp32", "bf16", "fp16", "int8"]
LongPolicy = Literal["head", "head+tail", "chunk-mean", "chunk-max", "late-chunk"]
TrainingPrecision = Literal["auto", "fp32", "bf16"]
Setting = str | int | float | bool | None
POOLING_DECLARED = "pooling_declared"  # a setting: False where the model's pooling was a guess
SIMILARITY_DECLARED = "similarity_declared"  # a setting: the model's own similarity where it is not the cosine
QUANTIZATION = "quantization"  # a setting: what int8 weights were made with
TRAINING = "training"  # a setting: the hash of all that decided a training of gis but the seed
TRAINING_SEED = "training_seed"  # a setting: that seed
LEARNED = "learned"  # a setting: what it has learned from, as JSON; see gis.models.learned
COSINE = "cosine"
FITTED_ON_TASK = "the texts of the task that is scored"
UNREADABLE = (
    "content_sha256",
    "file_sha256",
    "layout",
    TRAINING,
    LEARNED,
    POOLING_DECLARED,
    QUANTIZATION,
)  # settings that tell people nothing
LABEL_DIGITS = 6  # of an identity, in the name of a row: enough to tell a handful of models apart


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a result must record of a model, so that nobody mistakes one model's numbers for another's.

    Attributes:
        name: What the leaderboard shows: the spec as it was typed, or the name that it was given.
        identity: SHA-256 (hex) over everything that decides a vector or a score: weights, tokenizer, pooling,
            prompt, length, precision. Two folders of one name differ here; one folder under two names does not.
        settings: The same decisions in words, for people.
        max_tokens: Longest text the model reads, in ``length_unit``; None without limit.
        length_unit: What the model counts a text in.
        fitted_on: What the model learnt its statistics from, where it is fitted at scoring time.
        parameters: Number of weights; None where there are none, or nothing shows how many.
        dimension: Width of its vectors; None before one was made, and for models without vectors.
    """

    name: str
    identity: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    max_tokens: int | None = None
    length_unit: Literal["tokens", "words", "characters"] = "tokens"
    fitted_on: str | None = None
    parameters: int | None = None
    dimension: int | None = None

    def renamed(self, name: str) -> "ModelCard":
        """Return the same card under another display name; the identity stays."""
        return replace(self, name=name)


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """How models are loaded and run, the same for every model of one call.

    Attributes:
        device: A torch device, or "auto" for the best available one; "cuda" without a number is every GPU.
        precision: Number format of weights and activations.
        batch_tokens: Tokens of one forward pass; None for the device's default.
        max_length: Cut texts at this many tokens instead of the model's own limit.
        long: What pretrained models read of texts that are longer than their limit: the head; head and tail; windows,
            whose vectors are averaged or of which the best match counts; or windows of one pass over all positions.
        offline: Never ask the Hub; use what its local cache holds.
        seed: Seed of models that draw random numbers.

    Raises:
        UsageError: A number is out of range, or the precision unknown.
    """

    device: str = "auto"
    precision: Precision = "fp32"
    batch_tokens: int | None = None
    max_length: int | None = None
    long: LongPolicy = "head"
    offline: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            raise unknown_name("precision", self.precision, get_args(Precision))
        if self.long not in get_args(LongPolicy):
            raise unknown_name("policy for long texts", self.long, get_args(LongPolicy))
        if self.batch_tokens is not None:
            check_number("the number of tokens per forward pass", self.batch_tokens, 1)
        check_number("the seed", self.seed, 0)


@dataclass(frozen=True, kw_only=True)
class EncodedBatch:
    """Vectors of some of the texts that were handed to ``Encoder.batches``.

    Attributes:
        rows: (n,) positions of the texts in the sequence that was handed in.
        vectors: (n, dim) float32 embeddings.
        tokens: (n,) length of each whole text, in the model's unit, without special tokens.
        kept: (n,) how much of it the model read.
        share: How much of the whole work is done after this batch, 0 to 1.
    """

    rows: NDArray[np.intp]
    vectors: NDArray[np.float32]
    tokens: NDArray[np.int64]
    kept: NDArray[np.int64]
    share: float


class Encoder(ABC):
    """A model that turns each text into a vector."""

    card: ModelCard
    hardware: str = "cpu"  # what the vectors were made on, as results record it
    reproducible: bool = True  # equal identities give equal vectors, so they may be cached and results be reused

    def in_full_precision(self) -> "Encoder | None":
        """Return the same model in fp32; None where it runs in fp32, or in a precision that is not gis's choice."""
        return None

    def load(self) -> None:  # noqa: B027 - most models have nothing to load
        """Load the weights now; otherwise the first batch does."""

    @abstractmethod
    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, in the order that is fastest; every row comes exactly once.

        Each batch can be stored before the next is computed, so an interrupted run loses at most one batch.
        """

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed ``texts``: a (n, dim) float32 array in their order; (0, 0) for no texts.

        Half of a character (a lone surrogate) is read as U+FFFD.

        Raises:
            UsageError: One text is given instead of a list of them.
            GisError: The model gave vectors of different widths.
        """
        if isinstance(texts, str | bytes):
            raise UsageError("encode takes a list of texts; for a single one: encode([text])")
        texts = list(texts)
        if others := [text for text in texts if not isinstance(text, str)]:
            raise UsageError(f"encode takes texts, not {type(others[0]).__name__}: {others[0]!r:.60}")
        vectors: NDArray[np.float32] | None = None
        for batch in self.batches(list(map(whole_characters, texts))):
            vectors = with_rows(vectors, len(texts), batch.rows, batch.vectors, self.card.name)
        return vectors if vectors is not None else np.zeros((0, 0), dtype=np.float32)


def with_rows(
    vectors: NDArray[np.float32] | None, n: int, rows: NDArray[np.intp] | slice, values: NDArray[np.float32], name: str
) -> NDArray[np.float32]:
    """Put some rows into an array of ``n`` vectors, which the first of them make.

    Args:
        vectors: (n, dim) the array so far; None before the first rows.
        n: The number of vectors.
        rows: (m,) where the values go.
        values: (m, dim) vectors.
        name: The model's, for an error.

    Returns:
        (n, dim) ``vectors`` with the values.

    Raises:
        GisError: The values are not as wide as those before them; numpy would repeat a single number.
    """
    if vectors is None:
        vectors = np.zeros((n, values.shape[1]), dtype=np.float32)
    if vectors.shape[1] != values.shape[1]:
        raise GisError(
            f"{name} gave vectors of {vectors.shape[1]} and of {values.shape[1]} numbers: they are not of one model",
            remedy="check the model, and where vectors of it are in the cache, add --no-cache",
        )
    vectors[rows] = values
    return vectors


class TextLengths(NamedTuple):
    """How long n texts are in a model's unit, and how much of each it reads: two (n,) arrays."""

    tokens: NDArray[np.int64]
    kept: NDArray[np.int64]

    def of(self, rows: NDArray[np.intp]) -> "TextLengths":
        """Return those of some of the texts."""
        return TextLengths(self.tokens[rows], self.kept[rows])


class PairLengths(NamedTuple):
    """How long the first and the second texts of n pairs are, and how much of each is read."""

    first: TextLengths
    second: TextLengths


class PairScorer(ABC):
    """A model that has no vectors and only compares: lexical overlap, lengths, chance, or a cross-encoder."""

    card: ModelCard
    hardware: str = f"cpu: {platform.machine()}"  # what the scores were made on, once there are some
    reproducible: bool = True  # equal identities give equal scores, so results may be reused

    @abstractmethod
    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Score each pair, higher for more similar: a (n,) float array."""

    def in_full_precision(self) -> "PairScorer | None":
        """Return the same model in fp32; None where it runs in fp32, or in a precision that is not gis's choice."""
        return None

    def lengths(self, texts: Sequence[str]) -> TextLengths | None:  # noqa: ARG002
        """Count what it reads of each text; None for a model that reads texts whole, or cuts pairs and not texts."""
        return None

    def pair_lengths(self, pairs: Sequence[tuple[str, str]]) -> PairLengths | None:
        """Count what it reads of the texts of each pair; None for a model that reads texts whole."""
        position: dict[str, int] = {}
        rows = [[position.setdefault(text, len(position)) for text in pair] for pair in pairs]
        lengths = self.lengths(list(position))
        if lengths is None:
            return None
        first, second = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        return PairLengths(lengths.of(first), lengths.of(second))


Model = Encoder | PairScorer


def distinguishing_settings(cards: Sequence[ModelCard]) -> list[str]:
    """Say in words how the models of one display name differ, so that a table can tell them apart.

    Args:
        cards: Cards with different identities, usually of one name.

    Returns:
        For each card what only some of them have, such as "max length 8, bf16, cls pooling"; where the settings do not
        differ, the start of the identity: "05bb9f".
    """
    by_card = [{**card.settings, "max_tokens": card.max_tokens} for card in cards]
    keys = dict.fromkeys(key for settings in by_card for key in settings)
    differing = [key for key in keys if len({settings.get(key) for settings in by_card}) > 1]
    readable = [key for key in differing if key not in UNREADABLE]
    words = [", ".join(_setting_in_words(key, settings.get(key)) for key in readable) for settings in by_card]
    return [
        ", ".join(filter(None, [text, card.identity[:LABEL_DIGITS] if words.count(text) > 1 else ""]))
        for text, card in zip(words, cards, strict=True)
    ]


def _setting_in_words(key: str, value: Setting) -> str:
    """Write down one setting of a card as a reader would say it."""
    name = {"max_tokens": "max length", "max_chars": "max characters", "base_url": "at"}.get(key, key.replace("_", " "))
    if key == "precision":
        return str(value)
    if key == "pooling":
        return "own pooling" if value is None else f"{value} pooling"
    if isinstance(value, bool):
        return name if value else f"no {name}"
    if key == "prompt":
        return "no prompt" if value in ("", "{text}") else f'prompt "{value}"'
    return f"no {name}" if value is None else f"{name} {value}"
