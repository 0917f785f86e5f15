"""What a model has learned from: the issues of which repositories, and until when."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gis.models.base import LEARNED, Model, Setting
from gis.models.composite import leaves

# Settings of a card that only a model with weights has, which it learned from something.
HAS_WEIGHTS = (LEARNED, "content_sha256", "file_sha256", "base_url")


@dataclass(frozen=True)
class Learned:
    """What a model has learned from.

    Attributes:
        newest: The time of the newest thing that it knows of a repository, by each name of it in lower case.
        unknown: Models and data that it was made from, of which nothing says what is in them.
    """

    newest: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"newest": dict(self.newest), "unknown": list(self.unknown)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Learned":
        """Read what ``to_json`` returned.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: It is something else.
        """
        newest = {str(name): str(time) for name, time in values["newest"].items()}
        for time in newest.values():
            datetime.fromisoformat(time)
        return cls(newest, tuple(map(str, values["unknown"])))


NOTHING = Learned()


def together(parts: Iterable[Learned]) -> Learned:
    """Return what a model has learned that was made from several things."""
    newest: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for part in parts:
        for name, time in part.newest.items():
            newest[name] = max(time, newest.get(name, ""))
        unknown |= dict.fromkeys(part.unknown)
    return Learned(newest, tuple(unknown))


def learned_by(model: Model) -> Learned:
    """Return what a model has learned from, as far as it is known."""
    cards = [leaf.card for leaf in leaves(model)]
    return together(
        learned_by_weights(card.name, card.settings)
        for card in cards
        if card.parameters or any(name in card.settings for name in HAS_WEIGHTS)
    )


def learned_by_weights(name: str, settings: Mapping[str, Setting]) -> Learned:
    """Return what the weights of a model have learned from, by the settings of its card; unknown where they are odd."""
    try:
        return Learned.from_json(json.loads(str(settings[LEARNED])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Learned(unknown=(name,))
