"""What a model makes of texts that are longer than it reads: their ends, windows of them, or one long pass."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gis.errors import UsageError
from gis.hashes import sha256_of
from gis.models.base import EncodedBatch, Encoder, LongPolicy, ModelCard, PairScorer, Setting, TextLengths, with_rows
from gis.models.similarity import DECIMALS, unit
from gis.models.transformer.loading import load_tokenizer
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.pretrained_encoder import PretrainedEncoder
from gis.models.transformer.tokens import TextTokenizer, TokenPlaces
from gis.models.transformer.windows import OVERLAP, Span, ends_spans, window_spans, window_weights
from gis.text import whole_characters

Vectors = NDArray[np.float32]
Describe = Callable[[ModelCard], ModelCard]  # what results record of a policy over a model
TEXTS_PER_CALL = 512  # whose windows are embedded together: what an interruption can cost
VERSION = 2  # part of identities: raised when windows are cut or joined in another way


class WindowCutter:
    """Cuts texts into pieces that a model reads whole."""

    def __init__(self, folder: ModelFolder) -> None:
        if folder.max_tokens is None:
            raise UsageError(
                f"{folder.name} reads texts whole, so none is too long for it",
                remedy="say how long a window is: --max-length or max_length=",
            )
        self._folder = folder
        self._limit = folder.max_tokens

    @cached_property
    def _tokenizer(self) -> TextTokenizer:
        folder = self._folder
        return TextTokenizer(load_tokenizer(folder), None, folder.prompt, lowercase=folder.lowercase)

    @cached_property
    def size(self) -> int:
        """Tokens of a text that the model reads beside its prompt and special tokens."""
        room = self._limit - self._tokenizer.added
        if room < 2:
            raise UsageError(f"{self._limit} tokens leave no room for a text beside the prompt and special tokens")
        return room

    def places(self, texts: Sequence[str]) -> list[TokenPlaces]:
        """Return where the tokens of each text are."""
        return self._tokenizer.places(texts)

    def windows(self, text: str, places: TokenPlaces) -> dict[str, float]:
        """Return the windows of a text, and how many of its tokens each stands for.

        A window that lies within one character, of which some tokenizers make many tokens, is part of the next.
        """
        spans = window_spans(places.begins_word, self.size)
        windows: dict[str, float] = {}
        for span, weight in zip(spans, window_weights(spans, len(places.starts)), strict=True):
            if (piece := _piece(text, places, span)) or not text:
                windows[piece] = windows.get(piece, 0.0) + float(weight)
        return windows

    def count(self, places: TokenPlaces) -> int:
        """Count the tokens of a text and its prompt, as a model that reads the head does."""
        return len(places.starts) + self._tokenizer.prompt_tokens


def _piece(text: str, places: TokenPlaces, span: Span) -> str:
    """Return the part of a text that some of its tokens cover; what is before the first and behind the last, too."""
    first = 0 if span.start == 0 else int(places.starts[span.start])
    last = len(text) if span.stop == len(places.starts) else int(places.starts[span.stop])
    return text[first:last]


class _OverModel:
    """What all policies are made of.

    Args:
        model: The model that reads.
        cutter: Knows the size of a window.
        describe: Makes the card of the model's.
    """

    def __init__(self, model: PretrainedEncoder, cutter: WindowCutter, describe: Describe) -> None:
        self._model = model
        self._cutter = cutter
        self._describe = describe
        self.card = describe(model.card)
        self.reproducible = model.reproducible

    def in_full_precision(self) -> Self | None:
        """Return the same policy over the model in fp32; None where it runs in fp32 already."""
        model = self._model.in_full_precision()
        return None if model is None else type(self)(model, self._cutter, self._describe)


class _Pieces(_OverModel, Encoder):
    """An encoder that reads pieces of long texts and makes one vector of those of a text.

    A text that fits is read as the model itself reads it.
    """

    def load(self) -> None:
        """Load the model."""
        self._model.load()
        self.hardware = self._model.hardware

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, the longest first."""
        self.load()
        order = np.argsort([-len(text) for text in texts], kind="stable")
        for start in range(0, len(order), TEXTS_PER_CALL):
            rows = order[start : start + TEXTS_PER_CALL]
            cut = [self._cut(texts[row], places) for row, places in zip(rows, self._places(texts, rows), strict=True)]
            pieces, lost = self._embed([piece for text in cut for piece in text.pieces])
            bounds = np.cumsum([0, *(len(text.pieces) for text in cut)])
            vectors = [
                self._joined(pieces[low:high], text.weights)
                for text, low, high in zip(cut, bounds[:-1], bounds[1:], strict=True)
            ]
            yield EncodedBatch(
                rows=rows,
                vectors=np.stack(vectors),
                tokens=np.array([text.tokens for text in cut], dtype=np.int64),
                kept=np.array([text.kept for text in cut]) - np.add.reduceat(lost, bounds[:-1]),
                share=(start + len(rows)) / len(order),
            )

    def _embed(self, pieces: list[str]) -> tuple[Vectors, NDArray[np.int64]]:
        """Return the vectors of pieces, and how many tokens of each were cut: a split word may have more."""
        vectors, lost = None, np.zeros(len(pieces), dtype=np.int64)
        for batch in self._model.batches(pieces):
            vectors = with_rows(vectors, len(pieces), batch.rows, batch.vectors, self.card.name)
            lost[batch.rows] = batch.tokens - batch.kept
        assert vectors is not None
        return vectors, lost

    def _places(self, texts: Sequence[str], rows: NDArray[np.intp]) -> list[TokenPlaces]:
        return self._cutter.places([texts[row] for row in rows])

    def _cut(self, text: str, places: TokenPlaces) -> "_CutText":
        raise NotImplementedError

    def _joined(self, vectors: Vectors, weights: NDArray[np.float64]) -> Vectors:
        """Return the mean of vectors; of a model that gives vectors of length 1, scaled to that."""
        if len(vectors) == 1:
            return np.asarray(vectors[0])
        mean = np.average(vectors, axis=0, weights=weights)
        if self.card.settings.get("normalize"):
            mean /= np.linalg.norm(mean) or 1.0
        return np.asarray(mean, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class _CutText:
    """The pieces of a text that are read, their weights, its tokens, and how many of them are in a piece."""

    pieces: list[str]
    weights: NDArray[np.float64]
    tokens: int
    kept: int


class HeadTail(_Pieces):
    """Reads the first and the last half of what fits (Sun et al. 2019, arXiv 1905.05583) as one text."""

    def _cut(self, text: str, places: TokenPlaces) -> _CutText:
        spans = ends_spans(places.begins_word, self._cutter.size)
        ends = " ".join(_piece(text, places, span).strip() for span in spans) if len(spans) > 1 else text
        tokens = self._cutter.count(places)
        left_out = len(places.starts) - sum(span.stop - span.start for span in spans)
        return _CutText(pieces=[ends], weights=np.ones(1), tokens=tokens, kept=tokens - left_out)


class ChunkMean(_Pieces):
    """The mean of the vectors of overlapping windows, by the tokens that each stands for."""

    def _cut(self, text: str, places: TokenPlaces) -> _CutText:
        windows = self._cutter.windows(text, places)
        tokens = self._cutter.count(places)
        return _CutText(pieces=[*windows], weights=np.array([*windows.values()]), tokens=tokens, kept=tokens)


class _WindowScorer(_OverModel, PairScorer):
    """The highest cosine of any window of one text with any window of the other."""

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Score each pair by its most similar windows."""
        scores = score_by_windows(pairs, self._windows)
        self.hardware = self._model.hardware
        return scores

    def _windows(self, texts: Sequence[str]) -> list[Vectors]:
        """Return the vectors of each text's windows."""
        raise NotImplementedError


class ChunkMax(_WindowScorer):
    """Windows are texts that the model reads one by one."""

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        """Count the tokens of each text; every one is in a window."""
        tokens = np.array([self._cutter.count(places) for places in self._cutter.places(texts)], dtype=np.int64)
        return TextLengths(tokens, tokens)

    def _windows(self, texts: Sequence[str]) -> list[Vectors]:
        cut = [self._cutter.windows(*each) for each in zip(texts, self._cutter.places(texts), strict=True)]
        distinct = list(dict.fromkeys(piece for windows in cut for piece in windows))
        row = {piece: number for number, piece in enumerate(distinct)}
        vectors = self._model.encode(distinct)
        return [vectors[[row[piece] for piece in windows]] for windows in cut]


class LateChunk(_WindowScorer):
    """Windows are cut behind the model, so that each token has seen the whole text.

    Late chunking (Günther et al. 2024, arXiv 2409.04701): one pass over as much as the model's positions allow, then
    the mean of the token vectors of each window.
    """

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        """Count the tokens of each text, and how many of them the long pass reads."""
        return self._model.token_engine.lengths(texts)

    def _windows(self, texts: Sequence[str]) -> list[Vectors]:
        engine = self._model.token_engine
        groups = (texts[start : start + TEXTS_PER_CALL] for start in range(0, len(texts), TEXTS_PER_CALL))
        return [self._means(tokens) for group in groups for tokens in engine.token_vectors(group)]

    def _means(self, tokens: Vectors) -> Vectors:
        spans = window_spans(np.ones(len(tokens), dtype=bool), self._cutter.size)
        means = [tokens[span.start : span.stop].mean(axis=0) for span in spans if span.stop > span.start]
        return np.stack(means) if means else np.zeros((1, tokens.shape[1]), dtype=np.float32)


def with_policy(
    policy: LongPolicy, folder: ModelFolder, open_encoder: Callable[[ModelFolder], PretrainedEncoder]
) -> Encoder | PairScorer:
    """Return a model that reads long texts by a policy.

    Args:
        policy: Any but "head", which is what a model does by itself.
        folder: The model's folder; its limit is the size of a window, prompt and special tokens included.
        open_encoder: Opens an encoder of a folder.

    Raises:
        UsageError: The model has no limit, or cannot be read by this policy.
    """
    cutter = WindowCutter(folder)
    if policy == "late-chunk":
        _check_late_chunk(folder)
        describe = partial(_card, policy, folder.positions, window=folder.max_tokens)
        return LateChunk(open_encoder(replace(folder, max_tokens=folder.positions)), cutter, describe)
    describe = partial(_card, policy, folder.max_tokens if policy == "head+tail" else None)
    policies: dict[str, type[_Pieces] | type[ChunkMax]] = {
        "head+tail": HeadTail,
        "chunk-mean": ChunkMean,
        "chunk-max": ChunkMax,
    }
    return policies[policy](open_encoder(folder), cutter, describe)


def _check_late_chunk(folder: ModelFolder) -> None:
    if folder.engine != "transformer" or folder.pooling != "mean":
        raise UsageError(f"late-chunk averages the vectors of tokens; {folder.name} does not pool by their mean")
    if folder.positions is not None and folder.positions <= (folder.max_tokens or 0):
        raise UsageError(
            f"late-chunk reads more than a window at once, and {folder.name} has {folder.positions} positions",
            remedy="make windows shorter: --max-length or max_length=",
        )


def _card(policy: LongPolicy, limit: int | None, card: ModelCard, **settings: Setting) -> ModelCard:
    decisions: dict[str, Setting] = {"long": policy, "overlap": 1 / OVERLAP, **settings}
    return replace(
        card,
        identity=sha256_of({**decisions, "version": VERSION, "model": card.identity}),
        settings={**card.settings, **decisions},
        max_tokens=limit,
    )


def score_by_windows(
    pairs: Sequence[tuple[str, str]], windows: Callable[[Sequence[str]], list[Vectors]]
) -> NDArray[np.float64]:
    """Return for each pair the highest cosine of a window of one text with a window of the other; 0 for no windows.

    Args:
        pairs: n pairs of texts.
        windows: Makes the (windows, dim) vectors of each text.
    """
    whole = [(whole_characters(first), whole_characters(second)) for first, second in pairs]
    texts = list(dict.fromkeys(text for pair in whole for text in pair))
    vectors = (unit(of_text.astype(np.float64)) for of_text in windows(texts))
    by_text = dict(zip(texts, vectors, strict=True))
    highest = [float((by_text[first] @ by_text[second].T).max()) for first, second in whole]
    return np.asarray(np.round(highest, DECIMALS), dtype=np.float64)
