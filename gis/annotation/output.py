"""The folder of an annotation: a dataset of pairs with scores, its report, its answers, and its manifest."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.annotation.annotators import Grades
from gis.annotation.ensemble import Combined, weight_of
from gis.annotation.source import SPLITS, PairsToGrade
from gis.benchmark.tasks.manifest import MANIFEST, is_intact
from gis.errors import GisError
from gis.files import link_or_copy, load_json, make_folder
from gis.hashes import sha256_of, sha256_of_file
from gis.hub import CARD
from gis.masking import masked_values
from gis.replacing import new_folder, write_text
from gis.versions import versions_of

ANSWERS = Path("answers") / "answers.jsonl"  # below a folder of its own, so that nobody takes it for a split
REPORT = "report.json"
KIND = "annotation"
SCHEMA = 1
DIGITS = 6  # of a score


def write_annotation(
    folder: Path,
    split: str,
    rows: Iterable[Mapping[str, Any]],
    report: Mapping[str, Any],
    card: str,
    settings: Mapping[str, Any],
    *,
    more: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Write pairs, report, card and manifest: all of them or nothing. Answers, reviews and what others put there stay.

    Args:
        folder: The folder of the annotation.
        split: The split of the pairs.
        rows: The pairs.
        report: The report, with the cost.
        card: The card.
        settings: Everything that decides the pairs.
        more: Other files of rows, by path.
    """
    tables = {f"{split}.jsonl": rows, **(more or {})}
    own = {MANIFEST, CARD, REPORT, *tables, *_files_of(folder)}
    with new_folder(folder) as new:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if path.is_file() and relative.as_posix() not in own:
                make_folder((new / relative).parent)
                link_or_copy(path, new / relative)
        sizes: dict[str, dict[str, int]] = {REPORT: {}}
        for name, of_table in tables.items():
            make_folder((new / name).parent)
            sizes[name] = {"rows": 0}
            with (new / name).open("w", encoding="utf-8") as file:
                for row in of_table:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    sizes[name]["rows"] += 1
        write_text(new / REPORT, _json(masked_values(dict(report))))
        write_text(new / CARD, card)
        manifest = {
            "kind": KIND,
            "schema": SCHEMA,
            "versions": versions_of(("gis", "numpy", "scipy", "scikit-learn")),
            "annotation": masked_values(dict(settings)),
            "cost": report["cost"],
            "files": {path: {**size, **_record_of(new / path)} for path, size in sizes.items()},
        }
        write_text(new / MANIFEST, _json({**manifest, "identity": sha256_of(manifest)}))


def is_annotation(folder: Path) -> bool:
    """Return whether a folder holds a finished annotation."""
    return _manifest(folder).get("kind") == KIND


def task_of(folder: Path) -> str:
    """Return the kind of the annotation in a folder, such as "grade"; empty where there is none."""
    settings = _manifest(folder).get("annotation")
    return str(settings.get("task", "")) if isinstance(settings, dict) else ""


def settings_of(folder: Path) -> Mapping[str, Any] | None:
    """Return the settings of the annotation in a folder; None where there is no finished one.

    Raises:
        GisError: The folder holds something else.
    """
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise GisError(f"{folder} is not a folder", remedy="choose a different --output")
    if not (folder / MANIFEST).is_file():
        if not (folder / ANSWERS).is_file() and any(path.is_file() for path in folder.rglob("*")):
            raise GisError(f"{folder} holds files that no annotation made", remedy="choose a different --output")
        return None
    content = _manifest(folder)
    if content.get("kind") != KIND:
        raise GisError(f"{folder} holds a dataset that no annotation made", remedy="choose a different --output")
    settings = content.get("annotation")
    return settings if isinstance(settings, dict) and "identity" in content and is_intact(content) else {}


def _files_of(folder: Path) -> list[str]:
    """Return the files of pairs of the annotation in a folder, and of those that were mended."""
    names = _manifest(folder).get("files")
    own = {f"{below}{split}.jsonl" for split in SPLITS for below in ("", "mended/")}
    return [name for name in names if name in own] if isinstance(names, dict) else []


def _manifest(folder: Path) -> dict[str, Any]:
    """Return the content of the manifest in a folder; nothing where there is none, or none that can be read."""
    try:
        content = load_json(folder / MANIFEST)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def pair_rows(
    source: PairsToGrade, rows: NDArray[np.intp], grades: Sequence[Grades], combined: Combined
) -> Iterator[dict[str, Any]]:
    """Yield the rows of pairs with a grade, for the file of pairs.

    Args:
        source: The pairs.
        rows: Those that have a grade.
        grades: What each annotator says.
        combined: The grades of the ensemble.
    """
    levels = np.stack([each.levels for each in grades])
    values = levels.mean(axis=2)
    probabilities = np.stack([each.probabilities for each in grades]).mean(axis=(0, 2))
    for number, row in enumerate(rows):
        known = not np.isnan(probabilities[row]).any()
        order_gap = float(np.abs(levels[:, row, 0] - levels[:, row, 1]).mean())
        spread = float(values[:, row].std())
        yield {
            "id": source.pairs.ids[row],
            "text1": source.pairs.text1[row],
            "text2": source.pairs.text2[row],
            "score": round(float(combined.values[number]), DIGITS),
            "order_gap": round(order_gap, DIGITS),
            "spread": round(spread, DIGITS),
            "weight": round(weight_of(order_gap, spread), DIGITS),
            "levels": [round(float(part), DIGITS) for part in probabilities[row]] if known else None,
            **{column: kept[row] for column, kept in source.extra.items()},
        }


def _record_of(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}


def _json(content: Any) -> str:  # noqa: ANN401
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
