"""Rulings that no pattern reads and that models read instead: what ``gis annotate rule`` wrote, as evidence."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis.benchmark.tasks.manifest import MANIFEST, check_unchanged
from gis.errors import GisError, UsageError
from gis.files import load_json, sha256_of

LEAST_SCORE = 4.0  # of 5: "very likely a ruling", in the words of the prompt
RULINGS = "test.jsonl"
NOT_RULINGS = "gis annotate rule makes such folders"


@dataclass(frozen=True)
class JudgedRulings:
    """Which issue a comment calls a duplicate of its own, as models read it.

    Attributes:
        targets: OWNER/NAME#N of the other issues by the id and the hash of a comment.
        models: Who read them.
        identity: Hash of the manifest of the folder that they come from.
    """

    targets: Mapping[tuple[str, str], tuple[str, ...]]
    models: tuple[str, ...]
    identity: str

    def of(self, comment_id: str, body: str) -> tuple[str, ...]:
        """Return the issues that a comment names as those that its own is a duplicate of."""
        return self.targets.get((comment_id, body_hash(body)), ()) if self.targets else ()

    @property
    def source(self) -> str:
        """Where evidence says that it was found."""
        return f"comment, read by {', '.join(self.models)}"

    def to_json(self) -> dict[str, Any]:
        """Return what a manifest says of them."""
        return {"models": list(self.models), "identity": self.identity}


def body_hash(body: str) -> str:
    """Return the hash of a comment: one that was edited since is not the comment that was judged."""
    return sha256_of(body)


def _target(row: Mapping[str, Any]) -> str:
    """Return the name of the issue that a comment cites."""
    repository, number = row["repository2"], row["number2"]
    if not isinstance(repository, str) or type(number) is not int:
        raise TypeError(f"no issue is called {repository!r:.60}#{number!r:.60}")
    return f"{repository}#{number}"


def read_judged(folder: Path) -> JudgedRulings:
    """Read the rulings in a folder: those with a score of at least 4.

    Raises:
        UsageError: It is not a folder of ``gis annotate rule``.
        GisError: It was changed since, or is broken.
    """
    path = folder / RULINGS
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} holds no rulings", remedy=NOT_RULINGS)
    try:
        manifest = load_json(folder / MANIFEST)
        settings = manifest["annotation"]
        if settings["task"] != "rule":
            raise UsageError(f"{folder} holds no rulings", remedy=NOT_RULINGS)
        check_unchanged([path])
        targets: dict[tuple[str, str], list[str]] = defaultdict(list)
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["score"] >= LEAST_SCORE:
                targets[str(row["comment"]), str(row["comment_sha256"])].append(_target(row))
        models = tuple(settings["annotators"])
        return JudgedRulings({key: tuple(names) for key, names in targets.items()}, models, manifest["identity"])
    except OSError as error:
        raise UsageError(f"{folder} holds no rulings ({error})", remedy=NOT_RULINGS) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GisError(f"{folder} holds no rulings that can be read ({error!r})", remedy=NOT_RULINGS) from error
