"""Pairs and runs that the tests of annotation are made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gis.annotation.annotate import annotate
from gis.annotation.report import Report
from gis.annotation.session import AnnotationSettings
from gis.spec import Spec, parse_specs
from tests.benchmark.helpers import write_jsonl

PAIRS: tuple[dict[str, Any], ...] = (
    {"id": "same", "text1": "the cat sat on a mat", "text2": "the cat sat on a mat"},
    {"id": "near", "text1": "the window does not close", "text2": "a window does not close"},
    {"id": "half", "text1": "save fails", "text2": "save works"},
    {"id": "far", "text1": "red green blue", "text2": "one two three"},
)


def pairs_file(folder: Path, rows: Sequence[dict[str, Any]] = PAIRS) -> Path:
    return write_jsonl(folder / "pairs.jsonl", rows)


def annotated(pairs: Path, output: Path, *models: str, **settings: Any) -> Report:  # noqa: ANN401
    """Annotate a file of pairs."""
    return annotate(
        Spec(str(pairs)), output, AnnotationSettings(models=parse_specs(models), **{"in_flight": 2, **settings})
    )
