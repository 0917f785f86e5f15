"""Everything in a dataset folder that describes its tables: Croissant metadata, manifest and cards."""

from collections.abc import Mapping
from pathlib import Path

from gis.collector.store import Store
from gis.dataset.issues.table import Issues
from gis.dataset.labels.judged import Judgements
from gis.dataset.output.card import LICENSE_LINK, title_of, write_cards
from gis.dataset.output.croissant import write_croissant
from gis.dataset.output.layout import CROISSANT
from gis.dataset.output.manifest import file_record, write_manifest
from gis.dataset.output.report import Report
from gis.dataset.settings import BuildSettings


def describe(
    folder: Path,
    *,
    store: Store,
    report: Report,
    settings: BuildSettings,
    policy_text: str | None,
    issues: Issues,
    templates: Mapping[int, frozenset[bytes]],
    rows: Mapping[str, int],
    judged: Judgements | None = None,
) -> None:
    """Write Croissant metadata, manifest and cards; each lists or quotes the one before.

    Args:
        folder: The dataset folder, with its tables.
        store: The store that it was built from.
        report: The numbers of the build.
        settings: The settings of the build.
        policy_text: The policy file as it was read, or None.
        issues: The issues of the store.
        templates: Hashes of the lines of issue templates, by repository index.
        rows: Rows by the path of each table.
        judged: What models read in comments, or None.
    """
    files = {path: file_record(folder / path, count) for path, count in rows.items()}
    write_croissant(
        folder,
        title=title_of(report),
        license_link=LICENSE_LINK,
        sources={name: f"{issues.names.web_url}/{name}/issues" for name in report.repositories},
        date=max(status.last_update or "" for status in store.status())[: len("YYYY-MM-DD")],
        files=files,
    )
    files[CROISSANT] = file_record(folder / CROISSANT)
    identity = write_manifest(
        folder,
        store=store,
        settings=settings,
        policy_text=policy_text,
        issues=issues,
        templates=templates,
        files=files,
        judged=judged,
    )
    write_cards(folder, name=folder.name, report=report, settings=settings, rows=rows, identity=identity)
