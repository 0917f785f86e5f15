"""Pair scorers of sentence-transformers: cross-encoders, learned sparse models and late interaction."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError
from gis.models.base import LoadSettings, ModelCard, PairLengths, PairScorer, TextLengths
from gis.models.similarity import DECIMALS
from gis.models.transformer.late_interaction import score_by_tokens
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.module_list import Engine
from gis.text import whole_characters

ROWS = {"cpu": 32}  # of a forward pass; more elsewhere
ROWS_ELSEWHERE = 128
DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # the first of them that a model has, as in the library
TEXTS_PER_CALL = 1024  # of which the sparse vectors come with one call

Pairs = Sequence[tuple[str, str]]


class PretrainedPairScorer(PairScorer):
    """A folder of sentence-transformers that compares pairs; its weights are loaded with the first of them.

    Args:
        folder: The folder, already read.
        settings: Device and precision.
        card: What results record of it.
    """

    kind: ClassVar[str]  # the class of sentence-transformers

    def __init__(self, folder: ModelFolder, settings: LoadSettings, card: ModelCard) -> None:
        self._folder = folder
        self._settings = settings
        self.card = card

    def in_full_precision(self) -> Self | None:
        """Return the same model in fp32; None where it runs in fp32 already."""
        if self._settings.precision == "fp32":
            return None
        settings, card = replace(self._settings, precision="fp32"), self.card.renamed(f"{self.card.name} in fp32")
        return type(self)(self._folder, settings, card)

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score each pair, higher for more similar.

        Raises:
            GisError: The model cannot be loaded, or does not give one number for each pair.
        """
        if not pairs:
            return np.zeros(0)
        try:
            whole = [(whole_characters(first), whole_characters(second)) for first, second in pairs]
            return np.asarray(self._scores(whole), dtype=np.float64)
        except GisError:
            raise
        except Exception as error:  # every module has errors of its own
            raise GisError(f"{self.card.name} failed: {type(error).__name__}: {error}") from error

    @abstractmethod
    def _scores(self, pairs: Pairs) -> NDArray[Any]: ...

    def _lengths(self, texts: Sequence[str], prompt: str | None) -> TextLengths:
        from gis.models.transformer.sentence_transformer import token_lengths

        return token_lengths(self._model, [f"{prompt or ''}{text}" for text in texts], self.card.max_tokens)

    @property
    def _default_prompt(self) -> str | None:
        prompt: str | None = self._model.prompts.get(self._model.default_prompt_name)
        return prompt

    @property
    def _rows(self) -> int:
        return ROWS.get(self._model.device.type, ROWS_ELSEWHERE)

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - the library's class of this kind
        from gis.models.transformer.sentence_transformer import load_pair_scorer

        model, self.hardware = load_pair_scorer(self.kind, self._folder, self._settings)
        return model


class CrossEncoderScorer(PretrainedPairScorer):
    """A cross-encoder; the first text of a pair is read before the second, so the order can matter."""

    kind = "CrossEncoder"

    def _scores(self, pairs: Pairs) -> NDArray[Any]:
        scores: NDArray[Any] = self._model.predict(list(pairs), batch_size=self._rows, show_progress_bar=False)
        if scores.shape != (len(pairs),):
            raise GisError(
                f"{self._folder.folder} gives {scores.shape[1:]} numbers for a pair; gis needs one similarity"
            )
        return scores

    def pair_lengths(self, pairs: Pairs) -> PairLengths | None:
        """Count the tokens of the texts of each pair; the limit is that of a pair, whose longer text loses more.

        None for a model that reads pairs as a conversation, of which nothing says what its cut leaves of each text.
        """
        from gis.models.transformer.sentence_transformer import reader_of_texts

        tokenizer: Any = getattr(reader_of_texts(self._model), "tokenizer", None)
        if not getattr(tokenizer, "is_fast", False) or "message" in self._model[0].modality_config:
            return None
        prompted = [(f"{self._default_prompt or ''}{first}", second) for first, second in pairs]
        whole, kept = (_tokens_by_side(tokenizer, prompted, cut=cut) for cut in (False, True))
        first, second = (TextLengths(whole[side], kept[side]) for side in (0, 1))
        return PairLengths(first, second)


class SparseScorer(PretrainedPairScorer):
    """Cosine of learned sparse vectors, such as SPLADE's (Formal et al. 2021).

    They are as wide as the vocabulary, so they are compared as sparse rows and never cached.
    """

    kind = "SparseEncoder"

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        """Count the tokens of each text, and how many of them are read."""
        return self._lengths(texts, self._default_prompt)

    def _scores(self, pairs: Pairs) -> NDArray[Any]:
        from scipy.sparse import csr_matrix, vstack

        position: dict[str, int] = {}
        rows = np.array([[position.setdefault(text, len(position)) for text in pair] for pair in pairs])
        texts, parts = list(position), []
        for start in range(0, len(texts), TEXTS_PER_CALL):
            encoded = self._model.encode(
                texts[start : start + TEXTS_PER_CALL],
                batch_size=self._rows,
                convert_to_sparse_tensor=True,
                save_to_cpu=True,
                show_progress_bar=False,
            ).coalesce()
            values, indices = encoded.values().float().numpy().astype(np.float64), encoded.indices().numpy()
            parts.append(csr_matrix((values, (indices[0], indices[1])), shape=tuple(encoded.shape)))
        vectors = vstack(parts).tocsr()
        norms = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        first, second = rows[:, 0], rows[:, 1]
        products = np.asarray(vectors[first].multiply(vectors[second]).sum(axis=1)).ravel()
        lengths = norms[first] * norms[second]
        cosines: NDArray[np.float64] = np.divide(products, lengths, out=np.zeros(len(pairs)), where=lengths != 0)
        return np.round(cosines, DECIMALS)


class LateInteractionScorer(PretrainedPairScorer):
    """Late interaction, such as ColBERT's (Khattab and Zaharia 2020); both texts are read as documents."""

    kind = "MultiVectorEncoder"

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        """Count the tokens of each text, and how many of them are read."""
        prompts = self._model.prompts
        return self._lengths(texts, next((prompts[name] for name in DOCUMENT_PROMPTS if name in prompts), None))

    def _scores(self, pairs: Pairs) -> NDArray[Any]:
        return score_by_tokens(pairs, self._token_vectors)

    def _token_vectors(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        vectors: list[NDArray[np.float32]] = self._model.encode_document(
            list(texts), batch_size=self._rows, convert_to_numpy=True, show_progress_bar=False
        )
        return vectors


def _tokens_by_side(tokenizer: Any, pairs: Pairs, *, cut: bool) -> NDArray[np.int64]:  # noqa: ANN401
    """Return how many tokens of the first and of the second texts a tokenizer gives a model: (2, n)."""
    counts = np.zeros((2, len(pairs)), dtype=np.int64)
    for start in range(0, len(pairs), TEXTS_PER_CALL):
        first, second = zip(*pairs[start : start + TEXTS_PER_CALL], strict=True)
        encodings = tokenizer(list(first), list(second), truncation=cut, verbose=False).encodings
        for number, encoding in enumerate(encodings, start):
            for side in (0, 1):
                counts[side, number] = encoding.sequence_ids.count(side)
    return counts


SCORERS: Mapping[Engine, type[PretrainedPairScorer]] = {
    "cross-encoder": CrossEncoderScorer,
    "sparse-encoder": SparseScorer,
    "multi-vector-encoder": LateInteractionScorer,
}
