"""Find out what a folder holds, and check it before it is published."""

from dataclasses import replace
from pathlib import Path

from gis.annotation.output import is_annotation
from gis.benchmark.tasks.manifest import MANIFEST as DATASET_MANIFEST
from gis.errors import GisError
from gis.publishing.annotation import prepare_annotation
from gis.publishing.dataset import prepare_dataset, without_texts
from gis.publishing.model import prepare_model
from gis.publishing.publication import Publication, check_identity
from gis.publishing.results import prepare_results
from gis.replacing import folder_identity
from gis.training.output.manifest import MANIFEST as MODEL_MANIFEST


def prepare(
    folder: Path, *, name: str | None = None, ids_only: bool = False, results: Path | None = None
) -> Publication:
    """Check a folder and collect what will be published.

    Args:
        folder: A dataset, an annotation, a model or results that gis made.
        name: ORG/NAME on the Hub, which the examples of the card then use; None keeps the name of the folder.
        ids_only: Publish only the ids and the evidence of a dataset, without any text.
        results: Results of the model in ``folder``, which the Hub then shows on its page.

    Raises:
        GisError: The folder is none of these, its manifest is broken, or it was replaced meanwhile.
    """
    identity = folder_identity(folder)
    try:
        publication = _prepare(folder, name, ids_only=ids_only, results=results)
    except (GisError, FileNotFoundError):
        check_identity(folder, identity)
        raise
    check_identity(folder, identity)
    return replace(publication, folder=folder, identity=identity)


def _prepare(folder: Path, name: str | None, *, ids_only: bool, results: Path | None) -> Publication:
    if not folder.is_dir():
        raise GisError(f"no folder at {folder}")
    if results is not None and not (folder / MODEL_MANIFEST).is_file():
        raise GisError(f"{folder} is not a model of gis train, so no results go with it", remedy="leave out --results")
    annotated = is_annotation(folder)
    if (folder / DATASET_MANIFEST).is_file() and not annotated:
        publication = prepare_dataset(folder, name)
        return without_texts(publication, folder, name) if ids_only else publication
    if ids_only:
        raise GisError(f"{folder} is not a dataset of gis build, so it has no ids", remedy="leave out --ids-only")
    if annotated:
        return prepare_annotation(folder)
    if (folder / MODEL_MANIFEST).is_file():
        return prepare_model(folder, name, results)
    if any(folder.rglob("*.parquet")) and any(folder.rglob("*.json")):
        return prepare_results(folder)
    raise GisError(
        f"{folder} is not a dataset of gis build or gis annotate, a model of gis train, or results of gis bench"
    )
