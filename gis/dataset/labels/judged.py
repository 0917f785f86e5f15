"""What models read in comments that no pattern reads, and what people decided about labels, for a build."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gis.benchmark.tasks.manifest import MANIFEST, check_unchanged
from gis.errors import GisError, UsageError
from gis.files import load_json
from gis.hashes import sha256_of

LEAST_SCORE = 4.0  # of 5: "very likely a ruling", in the words of the prompt
RULINGS = "test.jsonl"
NOT_RULINGS = "gis annotate rule and gis annotate repair make such folders"


Pair = tuple[str, str]  # two issues, OWNER/NAME#N


@dataclass(frozen=True, kw_only=True)
class Judgements:
    """What models read in comments, and what people decided about pairs.

    Attributes:
        targets: OWNER/NAME#N of the issues that a comment calls duplicates of its own, as models read it, by the id and
            the hash of the comment.
        models: Who read them.
        confirmed: Pairs that people call duplicates, against a label.
        denied: Pairs that people do not call duplicates, against a label.
        identities: Hash of the manifest of each folder that they come from.
    """

    targets: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    confirmed: tuple[Pair, ...] = ()
    denied: tuple[Pair, ...] = ()
    identities: tuple[str, ...] = ()

    def of(self, comment_id: str, body: str) -> tuple[str, ...]:
        """Return the issues that a comment names as those that its own is a duplicate of."""
        return self.targets.get((comment_id, body_hash(body)), ()) if self.targets else ()

    @property
    def source(self) -> str:
        """Where evidence says that it was found."""
        return f"comment, read by {', '.join(self.models)}"

    def to_json(self) -> dict[str, Any]:
        """Return what a manifest says of them."""
        return {"models": list(self.models), "identities": list(self.identities)}


def body_hash(body: str) -> str:
    """Return the hash of a comment: one that was edited since is not the comment that was judged."""
    return sha256_of(body)


def read_judged(folders: Sequence[Path]) -> Judgements:
    """Read the rulings in folders of ``gis annotate rule``, with a score of at least 4, and decisions of people.

    Raises:
        UsageError: A folder is neither of ``gis annotate rule`` nor of ``gis annotate repair``.
        GisError: A folder was changed since, or is broken.
    """
    judged = Judgements()
    for folder in folders:
        new = _read(folder)
        judged = Judgements(
            targets={**judged.targets, **new.targets},
            models=tuple(dict.fromkeys([*judged.models, *new.models])),
            confirmed=judged.confirmed + new.confirmed,
            denied=judged.denied + new.denied,
            identities=judged.identities + new.identities,
        )
    return judged


def _read(folder: Path) -> Judgements:
    path = folder / RULINGS
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} holds no rulings", remedy=NOT_RULINGS)
    try:
        manifest = load_json(folder / MANIFEST)
        settings = manifest["annotation"]
        if settings["task"] not in ("rule", "repair"):
            raise UsageError(f"{folder} holds no rulings", remedy=NOT_RULINGS)
        check_unchanged([path])
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        identity = str(manifest["identity"])
        return _rulings(rows, settings, identity) if settings["task"] == "rule" else _decisions(rows, identity)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise GisError(f"{folder} holds no rulings that can be read ({error!r})", remedy=NOT_RULINGS) from error


def _rulings(rows: Iterable[Mapping[str, Any]], settings: Mapping[str, Any], identity: str) -> Judgements:
    targets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["score"] >= LEAST_SCORE:
            targets[str(row["comment"]), str(row["comment_sha256"])].append(_name(row, 2))
    return Judgements(
        targets={key: tuple(names) for key, names in targets.items()},
        models=tuple(settings["annotators"]),
        identities=(identity,),
    )


def _decisions(rows: Iterable[Mapping[str, Any]], identity: str) -> Judgements:
    """Return where people decided against a label of 0 or 1."""
    pairs: dict[tuple[str, float], list[Pair]] = defaultdict(list)
    for row in rows:
        if row["decision"] is not None:
            pairs[row["decision"], row["given_label"]].append((_name(row, 1), _name(row, 2)))
    return Judgements(confirmed=tuple(pairs["yes", 0.0]), denied=tuple(pairs["no", 1.0]), identities=(identity,))


def _name(row: Mapping[str, Any], side: int) -> str:
    """Return the name of an issue of a row."""
    repository, number = row[f"repository{side}"], row[f"number{side}"]
    if not isinstance(repository, str) or type(number) is not int:
        raise TypeError(f"no issue is called {repository!r:.60}#{number!r:.60}")
    return f"{repository}#{number}"
