"""Restore the texts of a dataset that is shared without them, from GitHub or from a store."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import DatasetCard, DatasetCardData

from gis.benchmark.tasks.manifest import check_unchanged
from gis.collector.fields import LARGEST_ISSUE_NUMBER
from gis.collector.records import IssueText, WithheldIssue
from gis.collector.repositories import is_repository_name
from gis.console import QUIET, Reporter
from gis.dataset.output.card import LICENSE
from gis.dataset.output.layout import HASHES, IDS_CONFIG, LABELLED, TEXTS
from gis.dataset.output.manifest import Manifest, read_manifest
from gis.dataset.output.restore import Restorer, TextRecord
from gis.errors import GisError
from gis.hashes import SHORT_HASH
from gis.hub import CARD
from gis.replacing import new_folder, write_text

TEMPLATE = Path(__file__).with_name("hydrated_card.md.jinja")
DEFAULT = LABELLED["default"]
SIDES = ("1", "2")
SHOWN = 40  # characters of a value, in messages
NEEDED = ("label", *(f"{column}{side}" for side in SIDES for column in ("repository", "number", "sha256_")))


class IssueKey(NamedTuple):
    """An issue by its repository, OWNER/NAME, and number."""

    repository: str
    number: int


TextSource = Callable[[Sequence[IssueKey]], Iterable[IssueText | WithheldIssue]]


class HydrateReport(NamedTuple):
    """The numbers of a restored dataset.

    Attributes:
        pairs: Pairs that have both texts, by split.
        same: Issues whose text is that of the build.
        changed: Issues whose text has changed since.
        gone: Issues that the source does not have.
        private: Issues of private repositories, which were left out.
    """

    pairs: Mapping[str, int]
    same: int
    changed: int
    gone: int
    private: int

    def __str__(self) -> str:
        """Return what became of the issues."""
        private = f", {self.private:,} private" if self.private else ""
        return f"{self.same:,} as built, {self.changed:,} changed, {self.gone:,} gone{private}"


class _Texts(NamedTuple):
    by_issue: Mapping[IssueKey, str]
    same: int
    changed: int
    gone: int
    private: int


def hydrate(
    folder: Path, output: Path, fetch: TextSource, *, only_same: bool = False, reporter: Reporter = QUIET
) -> HydrateReport:
    """Restore the texts of the config ``ids`` and write the pairs that have both as a new folder.

    Args:
        folder: A dataset folder with the config ``ids``.
        output: The folder to make; its config ``default`` has the columns that ``gis build`` gives it.
        fetch: Yields the titles and bodies of issues, in any order; issues that it does not have yield nothing.
        only_same: Leave out texts that have changed since the build.
        reporter: Shows progress.

    Raises:
        GisError: The folder is not a dataset with ids, the output exists, or no pair is left.
    """
    if output.exists():
        raise GisError(f"{output} exists", remedy="choose a different --output")
    manifest = read_manifest(folder)
    ids = _read_ids(folder)
    records = _text_records(ids.values())
    restorer = Restorer(manifest, {key.repository for key in records})
    texts = _restore(records, restorer, fetch, reporter, only_same=only_same)
    tables = {split: _join(table, texts.by_issue) for split, table in ids.items()}
    report = HydrateReport({split: len(table) for split, table in tables.items()}, *texts[1:])
    if not any(report.pairs.values()):
        raise GisError(
            f"no pair has both texts: {report}",
            remedy="private repositories are restored with --private" if report.private else "",
        )
    _write(output, tables, _card(report, manifest))
    return report


def _read_ids(folder: Path) -> dict[str, pa.Table]:
    """Return the table of each split of the config ``ids``."""
    paths = {split: path for split in IDS_CONFIG.splits if (path := folder / IDS_CONFIG.path(split)).is_file()}
    tables = {}
    for split, path in paths.items():
        try:
            tables[split] = pq.read_table(path)
        except pa.ArrowException as error:
            raise GisError(f"{path} is not a whole Parquet file ({error})") from error
        if missing := [name for name in NEEDED if name not in tables[split].column_names]:
            raise GisError(f"{path} lacks the column {', '.join(missing)}")
        for side in SIDES:
            _check_keys(path, _keys(tables[split], side))
    if not tables:
        raise GisError(f"{folder} has no config ids: no file such as {IDS_CONFIG.path('test')}")
    check_unchanged(paths.values())
    return tables


def _keys(table: pa.Table, side: str) -> list[IssueKey]:
    columns = (table[f"repository{side}"].to_pylist(), table[f"number{side}"].to_pylist())
    return [IssueKey(*key) for key in zip(*columns, strict=True)]


def _check_keys(path: Path, keys: Sequence[IssueKey]) -> None:
    """Check that a stranger's dataset names issues, and nothing else."""
    for row, (repository, number) in enumerate(keys):
        if not isinstance(repository, str) or not is_repository_name(repository):
            raise GisError(f"{path}, row {row}: {str(repository)[:SHOWN]!r} is not a repository, OWNER/NAME")
        if type(number) is not int or not 0 < number <= LARGEST_ISSUE_NUMBER:
            raise GisError(f"{path}, row {row}: {str(number)[:SHOWN]!r} is not the number of an issue")


def _text_records(tables: Iterable[pa.Table]) -> dict[IssueKey, TextRecord]:
    """Return what is known about the text of each issue."""
    records: dict[IssueKey, TextRecord] = {}
    for table in tables:
        for side in SIDES:
            hashes = table[f"sha256_{side}"].to_pylist()
            states = _column(table, f"body_state{side}")
            cuts = _column(table, f"cut{side}")
            for key, sha256, state, cut in zip(_keys(table, side), hashes, states, cuts, strict=True):
                records[key] = TextRecord(sha256, state == "created", frozenset(cut or ()))
    return records


def _column(table: pa.Table, name: str) -> list[Any]:
    """Return a column that datasets of others than ``gis build`` need not have."""
    return table[name].to_pylist() if name in table.column_names else [None] * len(table)


def _restore(
    records: Mapping[IssueKey, TextRecord],
    restorer: Restorer,
    fetch: TextSource,
    reporter: Reporter,
    *,
    only_same: bool,
) -> _Texts:
    texts: dict[IssueKey, str] = {}
    counts: Counter[bool] = Counter()
    private = 0
    issues = fetch(sorted(records))  # which may have to read an archive first
    with reporter.track("texts", len(records), "issues") as tracker:
        for issue in issues:
            if isinstance(issue, WithheldIssue):
                private += 1
                continue
            key = IssueKey(issue.repository, issue.number)
            restored = restorer.restore(issue, records[key])
            counts[restored.same] += 1
            if restored.same or not only_same:
                texts[key] = restored.text
            tracker.advance(1, (tracker.done + 1) / len(records))
    if private:
        reporter.warn(f"{private:,} issues are of private repositories and were left out")
    gone = len(records) - counts.total() - private
    return _Texts(texts, same=counts[True], changed=counts[False], gone=gone, private=private)


def _join(table: pa.Table, texts: Mapping[IssueKey, str]) -> pa.Table:
    """Return the pairs that have both texts, the texts first, in place of the hashes."""
    sides = [[texts.get(key) for key in _keys(table, side)] for side in SIDES]
    complete = [None not in both for both in zip(*sides, strict=True)]
    columns = {name: pa.array(side, kind) for (name, kind), side in zip(TEXTS, sides, strict=True)}
    hashes = {name for name, _ in HASHES}
    columns |= {name: table[name] for name in table.column_names if name not in hashes}
    return pa.table(columns).filter(pa.array(complete, pa.bool_()))


def _write(output: Path, tables: Mapping[str, pa.Table], card: str) -> None:
    """Write the folder, whole or not at all."""
    with new_folder(output) as folder:
        for split, table in tables.items():
            path = folder / DEFAULT.path(split)
            path.parent.mkdir(exist_ok=True)
            pq.write_table(table, path, compression="zstd")
        write_text(folder / CARD, card)


def _card(report: HydrateReport, manifest: Manifest) -> str:
    data_files = [{"split": split, "path": DEFAULT.path(split)} for split in report.pairs]
    data = DatasetCardData(configs=[{"config_name": DEFAULT.name, "data_files": data_files}], **LICENSE)
    card = DatasetCard.from_template(
        data,
        template_path=str(TEMPLATE),
        identity=manifest.identity[:SHORT_HASH],
        pairs=", ".join(f"{count:,} in {split}" for split, count in report.pairs.items()),
        same=f"{report.same:,}",
        changed=f"{report.changed:,}",
        gone=f"{report.gone:,}",
    )
    return f"{card}\n"
