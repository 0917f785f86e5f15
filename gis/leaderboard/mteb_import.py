"""Folders of results as mteb writes them, read as published scores.

Layout and fields: mteb 2.x ``results/<model>/<revision>/<Task>.json`` with ``model_meta.json`` beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gis.benchmark.mteb_export import MODEL_META, OWN_ORGANISATION
from gis.benchmark.tasks.catalogue import Task, catalogue
from gis.errors import GisError
from gis.files import load_json
from gis.leaderboard.reported import Measured, Reported, ReportedScores, Source
from gis.models.base import LABEL_DIGITS

SPLIT, SUBSET = "test", "default"
METRICS = ("cosine_spearman", "main_score")


class _Score(NamedTuple):
    task: str
    value: float


def read_mteb(folder: Path) -> ReportedScores:
    """Read the scores of the tasks that gis knows.

    Args:
        folder: Any folder above the files of results.

    Raises:
        GisError: There are no files that mteb could have written.
    """
    by_place: dict[Path, dict[str, float]] = {}
    left_out: Counter[str] = Counter()
    for path in sorted(folder.rglob("*.json")):
        if path.name == MODEL_META:
            continue
        score = _score(path)
        if isinstance(score, _Score):
            by_place.setdefault(path.parent, {})[score.task] = score.value
        else:
            left_out[score] += 1
    if not by_place and not left_out:
        raise GisError(f"no results of mteb in {folder}: there are no .json files")
    names = {place: _name(place) for place in by_place}
    several = Counter(names.values())
    source = Source(title="mteb results", kind="repository")
    models = [
        Reported(
            name=names[place],
            source=source,
            place=f"revision {place.name[:LABEL_DIGITS]}" if several[names[place]] > 1 else "",
            scores=scores,
            same_as=Measured(name=names[place]),
        )
        for place, scores in by_place.items()
    ]
    return ReportedScores(tuple(models), left_out)


def _name(place: Path) -> str:
    """Return the name of the model whose results are in a folder, as gis called it where they are its own."""
    try:
        name = load_json(place / MODEL_META)["name"]
    except (OSError, ValueError, KeyError, TypeError):
        name = None
    return str(name or place.parent.name.replace("__", "/")).removeprefix(OWN_ORGANISATION)


def _score(path: Path) -> _Score | str:
    """Return the score in a file × 100, or why it is left out."""
    try:
        content = load_json(path)
        task = _tasks().get(content["task_name"])
        if task is None:
            return "of tasks that gis does not know"
        if content["dataset_revision"] not in (task.revision, f"sha256:{task.sha256}"):
            return "of other revisions of the data"
        return _Score(task.name, 100 * _value(content["scores"][SPLIT]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "without a score in the form of mteb 2"


def _value(entries: Iterable[Mapping[str, Any]]) -> float:
    """Return the Spearman correlation of cosine among the entries of a split.

    Raises:
        ValueError: There is none, or it is not a correlation.
    """
    for entry in entries:
        value = next((entry[metric] for metric in METRICS if metric in entry), None)
        if entry.get("hf_subset") == SUBSET and isinstance(value, float) and -1 <= value <= 1:
            return value
    raise ValueError("no score")


def _tasks() -> Mapping[str, Task]:
    """Return the tasks of the catalogue by mteb's names."""
    return {task.mteb: task for task in catalogue().values() if task.mteb is not None}
