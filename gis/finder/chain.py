"""The models that an index was made with: the encoder of its vectors, and what re-ranks the first candidates."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis.errors import GisError, UsageError
from gis.finder.comparers import Comparer, load_comparer
from gis.hashes import sha256_of
from gis.models.base import Encoder, LoadSettings
from gis.models.learned import Learned, learned_by, together
from gis.models.registry import load_model
from gis.spec import Spec, parse_spec

ANSWERS = ".judge"  # folder of the answers of a judge, beside the index


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The models of an index.

    Attributes:
        model: The encoder, as it was named.
        identity: Its identity.
        learned: What the models have learned from.
        rerank: What re-ranks the first candidates, as it was named; None where nothing does.
        rerank_identity: The identity of that; "" where there is none.
    """

    model: Spec
    identity: str
    learned: Learned
    rerank: Spec | None
    rerank_identity: str

    @property
    def identities(self) -> tuple[str, Spec | None, str]:
        """All that decides a score."""
        return self.identity, self.rerank, self.rerank_identity

    @property
    def sha256(self) -> str:
        """The identity of all models together."""
        return sha256_of([self.identity, self.rerank_identity]) if self.rerank_identity else self.identity

    def encoder(self, path: Path, load: LoadSettings) -> Encoder:
        """Return the encoder of the index at ``path``.

        Raises:
            GisError: What has its name by now is another model.
        """
        model = load_encoder(self.model, load)
        if model.card.identity != self.identity:
            raise GisError(
                f"{path} was made with {self.model} of the identity {self.identity[:12]}, which now is "
                f"{model.card.identity[:12]}: vectors of two models do not compare",
                remedy=f"make it again: gis index --model {self.model}",
            )
        return model

    def comparer(self, path: Path, load: LoadSettings, cache: Path | None) -> Comparer | None:
        """Return what re-ranks the candidates of the index at ``path``; None where nothing does.

        Raises:
            GisError: What has its name by now is another model.
        """
        if self.rerank is None:
            return None
        comparer = load_comparer(self.rerank, path.with_suffix(ANSWERS), load, cache)
        if comparer.identity != self.rerank_identity:
            raise GisError(
                f"{path} was made with another {self.rerank} than there is now, so its weights do not hold",
                remedy=f"make it again: gis index --model {self.model} --rerank {shlex.quote(str(self.rerank))}",
            )
        return comparer

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "model": str(self.model),
            "identity": self.identity,
            "learned": self.learned.to_json(),
            "rerank": None if self.rerank is None else str(self.rerank),
            "rerank_identity": self.rerank_identity,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Chain":
        """Read what ``to_json`` returned."""
        return cls(
            model=parse_spec(values["model"]),
            identity=values["identity"],
            learned=Learned.from_json(values["learned"]),
            rerank=None if values["rerank"] is None else parse_spec(values["rerank"]),
            rerank_identity=values["rerank_identity"],
        )


@dataclass(frozen=True)
class LoadedChain:
    """The models of an index that is made, loaded."""

    chain: Chain
    encoder: Encoder
    comparer: Comparer | None


def load_chain(path: Path, model: Spec, rerank: Spec | None, load: LoadSettings, cache: Path | None) -> LoadedChain:
    """Load the models for an index at ``path``.

    Raises:
        UsageError: The model has no embeddings, or the other one cannot re-rank.
    """
    encoder = load_encoder(model, load)
    comparer = None if rerank is None else load_comparer(rerank, path.with_suffix(ANSWERS), load, cache)
    chain = Chain(
        model=model,
        identity=encoder.card.identity,
        learned=together([learned_by(encoder), *([] if comparer is None else [comparer.learned])]),
        rerank=rerank,
        rerank_identity="" if comparer is None else comparer.identity,
    )
    return LoadedChain(chain, encoder, comparer)


def load_encoder(spec: Spec, load: LoadSettings) -> Encoder:
    """Load a model that has embeddings.

    Raises:
        UsageError: It has none.
    """
    model = load_model(spec, load)
    if not isinstance(model, Encoder):
        raise UsageError(
            f"{spec} has no embeddings; words are searched in any case", remedy="choose an encoder, such as minilm"
        )
    return model
