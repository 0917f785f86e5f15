"""What the Hub reads to show scores: the ``eval.yaml`` of a dataset, and the files below ``.eval_results`` of a model.

Formats: https://huggingface.co/docs/hub/eval-results.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from gis.benchmark.results import Result, read_results
from gis.benchmark.tasks.catalogue import catalogue
from gis.errors import GisError
from gis.masking import masked_values
from gis.models.base import LABEL_DIGITS, LoadSettings
from gis.models.transformer.model_folder import read_model_folder
from gis.publishing.publication import metadata_of
from gis.spec import Spec

EVAL_CONFIG = "eval.yaml"
FOLDER = ".eval_results"
FRAMEWORK = "gis"
TASK = "default"  # of a dataset that gis published, and of others whose tasks have no name that we know
HUB = "hub:"  # before the dataset id in a result


def eval_config(card: str, name: str) -> bytes:
    """Return the ``eval.yaml`` of a dataset of gis: which of its pairs models are scored on.

    Args:
        card: Its card.
        name: What to call it where the card does not say.
    """
    return _yaml(
        {
            "name": metadata_of(card).get("pretty_name") or name,
            "description": "Duplicate issues: Spearman × 100 of a model's similarities and the labels of the pairs.",
            "evaluation_framework": FRAMEWORK,
            "tasks": [{"id": TASK, "config": "default", "split": "test"}],
        }
    )


def eval_results(model: Path, folder: Path) -> dict[str, bytes]:
    """Return the files with the scores of a model, by their path in its repository.

    Args:
        model: The model folder.
        folder: Results; those of other models are left alone.

    Raises:
        GisError: None of them is a whole result of this model on a dataset of the Hub.
    """
    content = read_model_folder(Spec(str(model)), LoadSettings(offline=True)).content_hash()
    by_identity: dict[str, list[EvalResultEntry]] = {}
    for result in read_results(folder):
        if result.model.settings.get("content_sha256") == content and (entry := _entry(result)) is not None:
            by_identity.setdefault(result.model.identity, []).append(entry)
    if not by_identity:
        remedy = f"make one: gis bench --model {model} --task sts --output {folder}"
        raise GisError(f"{folder} holds no result of the model in {model} on a dataset of the Hub", remedy=remedy)
    return {
        f"{FOLDER}/{_file_name(identity, by_identity)}.yaml": _yaml(masked_values(eval_result_entries_to_yaml(entries)))
        for identity, entries in by_identity.items()
    }


def _file_name(identity: str, of_all: Mapping[str, object]) -> str:
    """Return a name for the results of a model at certain settings: the Hub wants a file for each."""
    return FRAMEWORK if len(of_all) == 1 else f"{FRAMEWORK}-{identity[:LABEL_DIGITS]}"


def _entry(result: Result) -> EvalResultEntry | None:
    """Return a result as the Hub has it; None for a sample, for other data than published, and for data elsewhere."""
    task, score = result.task, result.scores.main
    known = catalogue().get(task.name)
    if task.limit is not None or task.verified is False or not isinstance(score, float):
        return None
    if task.source.startswith(HUB):
        dataset, revision = task.source.removeprefix(HUB), task.revision
    elif known is not None and known.hub is not None and task.verified:
        dataset, revision = known.hub, known.revision
    else:
        return None
    return EvalResultEntry(
        dataset_id=dataset,
        task_id=task.mteb or (known.config if known is not None else None) or TASK,
        dataset_revision=revision,
        value=round(100 * score, 2),
        date=result.run.date,
        notes=_notes(result),
    )


def _notes(result: Result) -> str:
    """Return how a score was computed, in one line."""
    interval, limit = result.scores.main_interval, result.model.max_tokens
    parts = [
        f"{result.scores.main_definition}, × 100",
        "" if interval is None else f"95 % interval {100 * interval.low:.2f} to {100 * interval.high:.2f}",
        f"{result.texts.pairs:,} pairs",
        "" if limit is None else f"texts of at most {limit:,} {result.model.length_unit}",
        result.run.precision,
        f"gis {result.run.versions.get('gis', '')}".strip(),
    ]
    return "; ".join(filter(None, parts))


def _yaml(content: Any) -> bytes:  # noqa: ANN401 - any JSON value
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    return text.encode()
