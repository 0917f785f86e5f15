"""The verb that collects."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gis.cli.app import app, interruptible, print_table
from gis.errors import GisError

if TYPE_CHECKING:
    from gis.collector.collect import Brought
    from gis.collector.dump import DumpSource
    from gis.collector.github.connection import Connection
    from gis.collector.store import Store
    from gis.console import Reporter


@app.command(no_args_is_help=True)
def collect(
    repo: Annotated[list[str] | None, typer.Option("--repo", help="OWNER/NAME; may be repeated.")] = None,
    repos: Annotated[Path | None, typer.Option(help="File of repositories, one a line.")] = None,
    preset: Annotated[str | None, typer.Option(help="paper: the 55 repositories of the GIS dataset.")] = None,
    dump: Annotated[
        list[Path] | None, typer.Option("--from", help="Folder of issues.jsonl, comments.jsonl, …, not GitHub.")
    ] = None,
    store: Annotated[Path, typer.Option(help="The store to fill: one SQLite file.")] = Path("issues.db"),
    status: Annotated[bool, typer.Option("--status", help="Tell what the store holds; fetch nothing.")] = False,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print every run as JSON: versions, queries, counts, points.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what a run would bring and cost.")] = False,
    api: Annotated[
        Literal["auto", "graphql", "rest"], typer.Option(help="auto takes GraphQL where there is a token.")
    ] = "auto",
    api_url: Annotated[str, typer.Option(help="GitHub Enterprise: https://HOST/api/v3.")] = "https://api.github.com",
    original_bodies: Annotated[
        bool, typer.Option("--original-bodies", help="Fetch each body as it was first written, too.")
    ] = False,
    page_size: Annotated[int, typer.Option(min=1, max=100, help="Issues of a page at the most.")] = 100,
    max_points: Annotated[int | None, typer.Option(min=1, help="Stop when so many points are spent.")] = None,
    max_wait: Annotated[float | None, typer.Option(min=0, help="Stop rather than wait longer, in seconds.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and the result.")] = False,
) -> None:
    """Bring issues, comments and every trace of a duplicate from GitHub into a local store.

    Stopped, the same command continues; run again, it fetches what changed. Tokens: GITHUB_TOKEN, GH_TOKEN (several
    with commas), a GitHub App's GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GITHUB_APP_INSTALLATION_ID, or gh auth login.

    Example: gis collect --repo rust-lang/rust --store issues.db
    """
    from gis.collector.status import status_table
    from gis.collector.store import Store

    if status or manifest:
        with Store(store) as opened:
            if status:
                print_table(status_table(opened.status()))
            if manifest:
                typer.echo(json.dumps(opened.runs(), indent=2))
        return
    from gis.collector.dump import DumpSource
    from gis.collector.github.connection import connect
    from gis.collector.repositories import named_repositories
    from gis.console import Reporter

    reporter = Reporter(quiet=quiet)
    dumps = [DumpSource(folder, reporter) for folder in dump or []]
    names = named_repositories(repo or [], repos, preset) if repo or repos or preset or not dumps else []
    with interruptible():
        github = connect(api_url, api, reporter, points=max_points, wait=max_wait) if names else None
        if dry_run:
            _estimate(github, names, reporter)
            return
        walks = [partial(_from_dump, source, reporter) for source in dumps]
        if github is not None:
            walks += [partial(_from_github, github, name, page_size, original_bodies) for name in names]
        with Store.writing(store) as opened:
            failures = _run_all(walks, opened, reporter)
            found = opened.status()
    print_table(status_table(found))
    if failures:
        raise GisError("\n".join(failures))
    marks = sum(each.duplicates for each in found)
    reporter.say(f"{marks:,} issues say in their data that they are duplicates; comments tell of more")
    reporter.say("the same command again fetches what changed; next, the dataset:")
    reporter.say(f"  gis build --store {store} --output DIR")


def _from_dump(source: "DumpSource", reporter: "Reporter", store: "Store") -> "Brought":
    from gis.collector.collect import collect

    return collect(store, source.repository(), source, reporter, None)


def _from_github(github: "Connection", name: str, page_size: int, original_bodies: bool, store: "Store") -> "Brought":
    from gis.collector.collect import collect

    source = github.source(page_size=page_size, original_bodies=original_bodies)
    return collect(store, github.resolve(name), source, github.reporter, github.client)


def _estimate(github: "Connection | None", names: list[str], reporter: "Reporter") -> None:
    """Print what a run would bring and cost; a repository that cannot be read is named."""
    from gis.collector.status import estimate_table

    found = []
    for name in names:
        try:
            if github is not None:
                found.append(github.estimate(name))
        except GisError as error:
            reporter.warn(str(error))
    print_table(estimate_table(found))
    if len(found) < len(names):
        raise GisError(f"{len(names) - len(found)} of {len(names)} repositories cannot be read")


def _run_all(walks: "list[partial[Brought]]", store: "Store", reporter: "Reporter") -> list[str]:
    """Walk one repository after the other; one that fails does not stop the next, a bad token does."""
    from gis.collector.github.client import BudgetSpent, Unauthorized
    from gis.collector.store import StoreWriteError

    failures: list[str] = []
    for walk in walks:
        try:
            reporter.say(str(walk(store)))
        except (BudgetSpent, Unauthorized, StoreWriteError):  # the next would fail alike
            raise
        except GisError as error:
            failures.append(str(error))
            if len(walks) > 1:
                reporter.warn(failures[-1])
    return failures
