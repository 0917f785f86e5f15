"""How far the collection of a repository has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the collection of a repository has come; the store updates it with every page.

    Attributes:
        capabilities: The ``Source.capabilities`` of the walk.
        walk: The ``Page.resume_point`` of the last page; None before the first.
        newest_change: The time of the newest change that is stored; None before the first issue.
        done: Whether the walk reached its end.
    """

    capabilities: frozenset[str]
    walk: Mapping[str, Any] | None = None
    newest_change: str | None = None
    done: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the form that the store keeps."""
        return {
            "asked": sorted(self.capabilities),
            "walk": self.walk,
            "newest": self.newest_change,
            "done": self.done,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned."""
        return cls(
            capabilities=frozenset(stored["asked"]),
            walk=stored["walk"],
            newest_change=stored["newest"],
            done=stored["done"],
        )
