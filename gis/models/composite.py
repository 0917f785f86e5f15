"""Models that are made of others: each part embeds the texts or compares the pairs, and one similarity comes of it."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.hashes import sha256_of
from gis.models.base import POOLING_DECLARED, Encoder, Model, ModelCard, PairScorer, Setting
from gis.models.similarity import cosine
from gis.text import whole_characters


@dataclass(frozen=True)
class PairRows:
    """Where the two texts of each pair are among distinct texts: two (n,) arrays."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]

    @property
    def distinct(self) -> NDArray[np.intp]:
        """Every text once."""
        return np.unique(np.concatenate([self.first, self.second]))


@dataclass(frozen=True)
class PairVectors:
    """What an encoder makes of n pairs.

    Attributes:
        vectors: (m, dim) float32, one for each of m distinct texts, which may be more than those of the pairs.
        rows: Where the texts of the pairs are among them.
    """

    vectors: NDArray[np.float32]
    rows: PairRows

    def similarities(self) -> NDArray[np.float64]:
        """Return the cosine of each pair."""
        return cosine(self.vectors[self.rows.first], self.vectors[self.rows.second])


Output = PairVectors | NDArray[np.float64]  # of an encoder, or of a model that only compares


class Composite(PairScorer):
    """A model that combines what others make of the pairs.

    Whoever has the vectors of its encoders already, as the cache of ``gis bench`` has, hands them to ``combine``.

    Args:
        kind: The adapter's name.
        parts: The models.
        name: What tables call it.
        settings: What else decides a score, in words; part of the identity.
        fitted_on: What it learns its statistics from.
    """

    def __init__(
        self,
        kind: str,
        parts: Sequence[Model],
        *,
        name: str,
        settings: Mapping[str, Setting],
        fitted_on: str,
    ) -> None:
        self.parts: tuple[Model, ...] = tuple(parts)
        self.reproducible = all(part.reproducible for part in parts)
        cards = [part.card for part in parts]
        counts = {leaf.card.identity: leaf.card.parameters for leaf in leaves(self)}  # of a part of two parts once
        guesses = [card.settings["pooling"] for card in cards if card.settings.get(POOLING_DECLARED) is False]
        self.card = ModelCard(
            name=name,
            identity=sha256_of({"adapter": kind, "parts": [card.identity for card in cards], **settings}),
            settings={
                "models": " + ".join(card.name for card in cards),
                **settings,
                **({POOLING_DECLARED: False, "pooling": guesses[0]} if guesses else {}),
            },
            fitted_on=fitted_on,
            parameters=sum(filter(None, counts.values())) or None,
        )

    def in_full_precision(self) -> "Composite | None":
        """Return the same combination of the parts in fp32; None where none of them has another form."""
        twins = [part.in_full_precision() for part in self.parts]
        if not any(twins):
            return None
        twin = copy(self)
        twin.parts = tuple(full or part for full, part in zip(twins, self.parts, strict=True))
        return twin

    @abstractmethod
    def combine(self, outputs: Sequence[Output]) -> NDArray[np.float64]:
        """Score n pairs by what each part makes of them, in the order of the parts: an (n,) float array."""

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Score each pair, higher for more similar; each distinct text is embedded once."""
        position: dict[str, int] = {}
        rows = [[position.setdefault(whole_characters(text), len(position)) for text in pair] for pair in pairs]
        first, second = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        vectors = {key: encoder.encode(list(position)) for key, encoder in encoders_of(self).items()}
        return self.score_with(vectors, PairRows(first, second), pairs)

    def score_with(
        self, vectors: Mapping[str, NDArray[np.float32]], rows: PairRows, pairs: Sequence[tuple[str, str]]
    ) -> NDArray[np.float64]:
        """Score each pair by vectors that were made before.

        Args:
            vectors: (m, dim) embeddings of m distinct texts by each encoder, named as ``encoders_of`` does.
            rows: Where the texts of the pairs are among them.
            pairs: The pairs, for the parts that only compare.
        """
        outputs: list[Output] = []
        for part in self.parts:
            if isinstance(part, Encoder):
                outputs.append(PairVectors(vectors[_key(part)], rows))
            elif isinstance(part, Composite):
                outputs.append(part.score_with(vectors, rows, pairs))
            else:
                outputs.append(part.score(pairs))
        return self.combine(outputs)


def leaves(model: Model) -> Iterator[Model]:
    """Yield the models that ``model`` is made of and that are not made of others: itself, for most."""
    if isinstance(model, Composite):
        for part in model.parts:
            yield from leaves(part)
    else:
        yield model


def encoders_of(model: Model) -> dict[str, Encoder]:
    """Return the encoders whose vectors ``model`` needs, each once, by a key of their own."""
    return {_key(leaf): leaf for leaf in leaves(model) if isinstance(leaf, Encoder)}


def _key(encoder: Encoder) -> str:
    """Name an encoder so that two have one name only if they give the same vectors."""
    return encoder.card.identity if encoder.reproducible else f"object {id(encoder)}"
