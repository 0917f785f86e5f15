"""The verb that collects issues."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import gis.api
from gis.cli.app import app, interruptible, print_notes, print_table
from gis.cli.options import ApiUrl, Engine, Insecure, MaxWait, Quiet
from gis.cli.store_status import show_store
from gis.collector.servers import GITHUB_API
from gis.errors import GisError, UsageError

if TYPE_CHECKING:
    from gis.collector.github.connection import Connection
    from gis.console import Reporter

ATTEMPTS_OF_DRY_RUN = 3  # an estimate is not worth a long wait for the network


@app.command(no_args_is_help=True)
def collect(
    repo: Annotated[
        list[str] | None, typer.Option("--repo", metavar="OWNER/NAME", help="Repository on GitHub; may be repeated.")
    ] = None,
    repos: Annotated[Path | None, typer.Option(metavar="FILE", help="File with one repository per line.")] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="paper: the 55 repositories of the GIS dataset.")
    ] = None,
    dump: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Folder with issues.jsonl, comments.jsonl, … to read instead of GitHub; may be repeated. "
            "With --archive: the first day, such as 2024-01-31.",
        ),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Read hourly files of GH Archive instead: a folder, a glob, an address with {day} and {hour}, or "
            "gharchive for the public one; or ask a table of events, clickhouse://USER@HOST/TABLE. With it, --repo may "
            "have a *.",
        ),
    ] = None,
    last_day: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day of --archive.")] = None,
    min_duplicates: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Store the repositories of --archive with N issues that are called duplicates."
        ),
    ] = 1,
    unrelated: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Of --archive, store N issues of each repository and month of which no ruling speaks, not all.",
        ),
    ] = None,
    engine: Engine = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for figures of --archive: lines by file, rulings."),
    ] = None,
    store: Annotated[Path, typer.Option(metavar="FILE", help="Store to fill: one SQLite file.")] = Path("issues.db"),
    status: Annotated[bool, typer.Option("--status", help="Show what the store contains and exit.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Ask GitHub what of the store is still there, note the rest, and exit.")
    ] = False,
    salvage: Annotated[
        Path | None,
        typer.Option(metavar="OLD", help="Copy what can be read of a damaged store into a new one (--store) and exit."),
    ] = None,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print every run as JSON (versions, queries, counts, points) and exit.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Estimate what a run would fetch and cost.")] = False,
    api: Annotated[
        Literal["auto", "graphql", "rest"], typer.Option(help="auto uses GraphQL if there is a token.")
    ] = "auto",
    api_url: ApiUrl = GITHUB_API,
    original_bodies: Annotated[
        bool, typer.Option("--original-bodies", help="Also fetch each body as it was first written.")
    ] = False,
    page_size: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Maximum issues per page.")] = 100,
    max_points: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after spending N API rate-limit points.")
    ] = None,
    max_wait: MaxWait = None,
    max_line: Annotated[int, typer.Option(metavar="MB", min=1, help="Longest line of a dump to read.")] = 32,
    insecure: Insecure = False,
    quiet: Quiet = False,
) -> None:
    """Collect issues and their comments into a store.

    They come from GitHub or from a dump, with every piece of evidence of a duplicate. After an interruption, the
    same command continues; run again later, it fetches what changed. Tokens are read from GITHUB_TOKEN and GH_TOKEN
    (several, separated by commas), from GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID (a
    GitHub App), or from gh auth login.

    Example: gis collect --repo rust-lang/rust --store issues.db
    """
    if salvage is not None:
        from gis.collector.salvage import salvage as save

        with interruptible():
            print_notes(str(save(salvage, store)))
        return
    if status or manifest:
        show_store(store, status=status, manifest=manifest)
        return
    if confirm:
        _check_confirmed(repo or repos or preset or dump or dry_run or api == "rest" or archive)
        _confirm(store, api_url, max_points=max_points, max_wait=max_wait, insecure=insecure, quiet=quiet)
        return
    _check_archived(
        archive,
        not_with_it=repos or preset,
        only_with_it=last_day or report or engine or min_duplicates > 1 or unrelated is not None,
    )
    if archive is not None:
        from gis.cli.archive import collect_archive

        collect_archive(
            archive,
            store,
            first=dump or [],
            last=last_day,
            repositories=repo or [],
            min_duplicates=min_duplicates,
            unrelated=unrelated,
            engine=engine or "duckdb",
            report=report,
            dry_run=dry_run,
            quiet=quiet,
        )
        return
    from gis.collector.collect import PartlyCollectedError
    from gis.collector.github.client import Limits
    from gis.collector.github.connection import connect
    from gis.collector.repositories import named_repositories
    from gis.console import Reporter

    reporter = Reporter(quiet=quiet)
    names = named_repositories(repo or [], file=repos, preset=preset)
    if not names and (dry_run or not dump):
        raise UsageError(
            "no repository on GitHub is given" if dry_run else "no repository is given",
            remedy=f"add --repo OWNER/NAME, --repos FILE{' or' if dry_run else ', --from DIR or'} --preset paper",
        )
    failure: GisError | None = None
    with interruptible():
        if dry_run:
            limits = Limits(max_points, max_wait, ATTEMPTS_OF_DRY_RUN)
            _estimate(names, connect(api_url, api=api, limits=limits, insecure=insecure, reporter=reporter), reporter)
            return
        try:
            gis.api.collect(
                *names,
                store=store,
                source=dump or [],
                api=api,
                api_url=api_url,
                original_bodies=original_bodies,
                page_size=page_size,
                max_points=max_points,
                max_wait=max_wait,
                max_line=max_line,
                insecure=insecure,
                reporter=reporter,
            )
        except PartlyCollectedError as error:
            failure = error
    if failure is None or store.exists():
        show_store(store, status=True, manifest=False, check=False)  # it was checked before it was filled
    if failure is not None:
        raise failure
    reporter.say("To fetch what changed, run the same command again. To build a dataset:")
    reporter.say(f"  gis build --store {shlex.quote(str(store))} --output DIR")


def _check_confirmed(others: object) -> None:
    if others:
        raise UsageError(
            "--confirm asks through GraphQL for all that is in a store",
            remedy="give it --store, and no repository, --from, --archive, --dry-run or --api rest",
        )


def _check_archived(archive: str | None, *, not_with_it: object, only_with_it: object) -> None:
    if archive is None and only_with_it:
        raise UsageError("--to, --min-duplicates, --engine and --report are for archives", remedy="add --archive PATH")
    if archive is not None and not_with_it:
        raise UsageError("an archive is of all repositories", remedy="choose some with --repo 'OWNER/*'")


def _confirm(
    store: Path, api_url: str, *, max_points: int | None, max_wait: float | None, insecure: bool, quiet: bool
) -> None:
    """Print what of a store is still there."""
    from gis.console import Reporter

    with interruptible():
        report = gis.api.confirm(
            store,
            api_url=api_url,
            max_points=max_points,
            max_wait=max_wait,
            insecure=insecure,
            reporter=Reporter(quiet=quiet),
        )
    print_notes(str(report))


def _estimate(names: list[str], github: "Connection", reporter: "Reporter") -> None:
    """Print what a first run would fetch and cost; name each repository that cannot be read."""
    from gis.collector.source import SourceUnusableError
    from gis.collector.status import estimate_table

    estimates = []
    for name in names:
        try:
            estimates.append(github.estimate(name))
        except SourceUnusableError:
            raise
        except GisError as error:
            if len(names) == 1:
                raise
            reporter.warn(error.for_command_line)
    if estimates:
        print_table(estimate_table(estimates))
    if len(estimates) < len(names):
        raise GisError(f"{len(names) - len(estimates)} of {len(names)} repositories cannot be read")
