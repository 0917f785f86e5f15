"""The verb that restores the texts of a dataset that is shared without them: hydrate."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis.cli.app import app, interruptible, print_text, what_stands_at
from gis.cli.options import ApiUrl, Engine, Insecure, MaxWait, Quiet
from gis.collector.servers import GITHUB_API
from gis.errors import UsageError

if TYPE_CHECKING:
    from gis.console import Reporter
    from gis.dataset.output.hydrate import TextSource


@app.command(no_args_is_help=True)
def hydrate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET", help="Dataset folder, Hub dataset (ORG/NAME), or a task that ships as ids: rust_issues."
        ),
    ],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder to create.")],
    store: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take the texts from this store of gis collect, not from GitHub."),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Take them from an archive of public events: as gis collect --archive. No API."
        ),
    ] = None,
    first_day: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="The first day of --archive, such as 2024-01-31.")
    ] = None,
    last_day: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day of --archive.")] = None,
    engine: Engine = None,
    only_same: Annotated[
        bool, typer.Option("--only-same", help="Leave out texts that changed after the dataset was built.")
    ] = False,
    api_url: ApiUrl = GITHUB_API,
    insecure: Insecure = False,
    private: Annotated[
        bool, typer.Option("--private", help="Also restore issues of private repositories that your token can read.")
    ] = False,
    max_wait: MaxWait = None,
    quiet: Quiet = False,
) -> None:
    """Restore the texts of a dataset that is shared as ids.

    They come from GitHub, from a store or from an archive. GitHub charges one point of the rate limit for a hundred
    issues and needs a token (GITHUB_TOKEN); the others need neither.

    Example: gis hydrate rust_issues --store issues.db --output tasks/rust_issues
    """
    from gis.console import Reporter
    from gis.dataset.output.hydrate import hydrate as restore

    reporter = Reporter(quiet=quiet)
    if archive is not None and store is not None:
        raise UsageError("texts come from a store or from an archive", remedy="give --store or --archive")
    if archive is None and (first_day or last_day or engine):
        raise UsageError("--from, --to and --engine are for archives", remedy="add --archive PATH")
    with interruptible(what_stands_at(output)):
        folder = _dataset_folder(dataset)  # first: a misspelt name needs no token to be found out
        if archive is not None:
            fetching = _from_archive(archive, first_day, last_day, engine, output, reporter)
        elif store is None:
            fetching = _from_github(api_url, max_wait, reporter, insecure=insecure, private=private)
        else:
            fetching = _from_store(store)
        with fetching as fetch:
            report = restore(folder, output, fetch, only_same=only_same, reporter=reporter)
    pairs = ", ".join(f"{count:,} in {split}" for split, count in report.pairs.items())
    print_text(f"{output}: pairs {pairs}; issues: {report}")


@contextmanager
def _from_github(
    api_url: str, max_wait: float | None, reporter: "Reporter", *, insecure: bool, private: bool
) -> "Iterator[TextSource]":
    from gis.collector.github.client import Limits
    from gis.collector.github.connection import connect

    limits = Limits(wait=max_wait)
    connection = connect(api_url, api="graphql", limits=limits, insecure=insecure, reporter=reporter)
    yield partial(connection.texts, private=private)


@contextmanager
def _from_store(store: Path) -> "Iterator[TextSource]":
    from gis.collector.store import Store
    from gis.dataset.output.stored_texts import stored_texts

    with Store(store) as opened:
        yield partial(stored_texts, opened)


@contextmanager
def _from_archive(
    archive: str, first: str | None, last: str | None, engine: str | None, output: Path, reporter: "Reporter"
) -> "Iterator[TextSource]":
    from gis.api.archive import check_extra

    check_extra()
    from gis.archive.connections import DEFAULT
    from gis.archive.texts import archive_texts
    from gis.archive.work import work_beside

    with work_beside(output, engine=engine or DEFAULT) as work:
        yield partial(archive_texts, archive=archive, work=work, first=first, last=last, reporter=reporter)


def _dataset_folder(dataset: str) -> Path:
    """Return the folder of a dataset: here, packaged with gis, or fetched from the Hub."""
    from gis.benchmark.tasks.catalogue import packaged_ids
    from gis.benchmark.tasks.manifest import MANIFEST
    from gis.dataset.output.layout import IDS_CONFIG

    folder = Path(dataset).expanduser()
    if folder.is_dir():
        return folder
    if (packaged := packaged_ids(dataset)) is not None:
        return packaged
    if dataset.count("/") != 1:
        raise UsageError(f"no dataset folder at {dataset}, no task that ships as ids, and not a Hub dataset (ORG/NAME)")
    from huggingface_hub import snapshot_download

    from gis.hub import ask_hub

    with ask_hub(f"the dataset {dataset}", None, "give a folder", offline=False) as local_only:
        patterns = [IDS_CONFIG.pattern.format(split="*"), MANIFEST]
        return Path(
            snapshot_download(dataset, repo_type="dataset", allow_patterns=patterns, local_files_only=local_only)
        )
