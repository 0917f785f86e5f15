"""Results as mteb writes its own, so that its loader and tables read them.

Layout and fields: mteb 2.x ``results/<model>/<revision>/<Task>.json`` with ``model_meta.json`` beside it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gis.benchmark.results import Result
from gis.files import file_name
from gis.hashes import SHORT_HASH
from gis.masking import masked_values
from gis.replacing import write_text
from gis.statistics.metrics import Metric, Undefined

# The schema these files follow. Below 1.12.48 the loader would take them for files of an older layout.
MTEB_SCHEMA = "2.20.0"
DECIMALS = 6
NO_TASK = "mteb has no such task"
NAMED = 10  # results that are left out for one reason
MODEL_META = "model_meta.json"
OWN_ORGANISATION = "gis/"  # before the name of a model that has none


def export(results: Iterable[Result], folder: Path) -> tuple[list[Path], list[str]]:
    """Write the results that mteb has a task for below ``folder``/results.

    Returns:
        The files written, and which results are left out, a line for each reason.
    """
    files, left_out = mteb_files(results, folder)
    for path, content in files.items():
        write_text(path, content)
    return [path for path in files if path.name != MODEL_META], left_out


def mteb_files(results: Iterable[Result], folder: Path) -> tuple[dict[Path, str], list[str]]:
    """Return the results that mteb has a task for as files below ``folder``/results.

    Returns:
        The content of each file, and which results are left out, a line for each reason.
    """
    files: dict[Path, str] = {}
    left_out: dict[str, dict[str, None]] = {}
    for result in results:
        reason = _reason_against(result)
        if reason:
            task = result.task.name
            left_out.setdefault(reason, {})[task if reason == NO_TASK else f"{result.model.name} on {task}"] = None
            continue
        meta = _model_meta(result)
        name = file_name(str(meta["name"]).replace(" ", "_"))  # mteb's own rule, where a name allows it
        place = folder / "results" / name / file_name(result.model.identity[:SHORT_HASH])
        files[place / f"{file_name(str(result.task.mteb))}.json"] = _json(_task_result(result))
        files[place / MODEL_META] = _json(meta)
    return files, [f"{_first(sorted(names))}: {reason}" for reason, names in left_out.items()]


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(masked_values(content), indent=2) + "\n"


def _reason_against(result: Result) -> str | None:
    if result.task.mteb is None:
        return NO_TASK
    if result.task.verified is False:
        return "the data is not what the catalogue's hash was taken from"
    if result.task.limit is not None:
        return "a partial result"
    if isinstance(result.scores.main, Undefined):
        return f"undefined, {result.scores.main.undefined}"
    return None


def _model_meta(result: Result) -> dict[str, Any]:
    """Return what mteb's ModelMeta requires: null means unknown, and a name must have an organisation."""
    name = result.model.name
    unknown = (
        "release_date languages loader n_parameters memory_usage_mb embed_dim license open_weights"
        " public_training_code public_training_data use_instructions training_datasets"
    )
    return {
        "name": name if "/" in name else f"{OWN_ORGANISATION}{name}",
        "revision": result.model.identity[:SHORT_HASH],
        "max_tokens": result.model.max_tokens,
        "similarity_fn_name": "cosine",
        "framework": [],
        **dict.fromkeys(unknown.split()),
    }


def _task_result(result: Result) -> dict[str, Any]:
    whole = result.scores.views[0]
    entry: dict[str, Any] = {
        "pearson": _number(whole.pearson),
        "spearman": _number(whole.spearman),
        "cosine_pearson": _number(whole.pearson),
        "cosine_spearman": _number(whole.spearman),
    }
    for name, metrics in (result.scores.other_similarities or {}).items():
        entry |= {f"{name}_{metric}": _number(value) for metric, value in metrics.items()}
    entry |= {"main_score": _number(whole.spearman), "hf_subset": "default", "languages": ["eng-Latn"]}
    return {
        "dataset_revision": result.task.revision or f"sha256:{result.task.sha256}",
        "task_name": result.task.mteb,
        "mteb_version": MTEB_SCHEMA,
        "scores": {"test": [entry]},
        "evaluation_time": result.run.seconds,
        "kg_co2_emissions": None,
        "date": datetime.fromisoformat(result.run.date).timestamp(),
    }


def _number(metric: Metric) -> float | None:
    return None if isinstance(metric, Undefined) else round(metric, DECIMALS)
