"""Scores that others published: of which model, where, and which model of gis is the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from pydantic import ConfigDict

from gis.models.base import ModelCard, Setting


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where scores were published.

    Attributes:
        title: What tables call it.
        kind: A paper, the card of a model, or a repository.
        address: Where to read it.
        citation: Whom to cite.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    title: str
    kind: Literal["paper", "card", "repository"]
    address: str = ""
    citation: str = ""

    def __str__(self) -> str:
        """Return the title with whom to cite and where to read it: "SimCSE (Gao, Yao and Chen 2021, https://…)"."""
        where = ", ".join(filter(None, [self.citation, self.address]))
        return f"{self.title} ({where})" if where else self.title


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The model of gis that is the same as a reported one.

    Attributes:
        name: Its name in results.
        settings: The settings with which it is the same.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def is_of(self, card: ModelCard) -> bool:
        """Return whether a card is that of this model with these settings."""
        return card.name == self.name and all(card.settings.get(key) == value for key, value in self.settings.items())


@dataclass(frozen=True, kw_only=True)
class Reported:
    """The scores of a model that somebody published.

    Attributes:
        name: The model.
        source: Where they were published.
        place: The place in it, such as a table.
        scores: Spearman × 100 as printed, by task.
        trained_on: What the model was trained on, where the source says so.
        same_as: The model of gis that is the same.
        typed: What is typed as ``--model`` to score it with gis.
    """

    name: str
    source: Source
    scores: Mapping[str, float]
    place: str = ""
    trained_on: str = ""
    same_as: Measured | None = None
    typed: str = ""

    @property
    def reported_in(self) -> str:
        """Return the source and the place in it: "SimCSE, table 5"."""
        return ", ".join(filter(None, [self.source.title, self.place]))


class ReportedScores(NamedTuple):
    """What a file or folder of published scores holds.

    Attributes:
        models: The models with their scores.
        left_out: How many files could not be used, by reason.
    """

    models: tuple[Reported, ...]
    left_out: Mapping[str, int] = MappingProxyType({})
