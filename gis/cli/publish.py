"""The verb that publishes."""

import re
from pathlib import Path
from typing import Annotated

import typer

from gis.cli.app import app, interruptible, print_table
from gis.errors import GisError


@app.command(no_args_is_help=True)
def publish(
    folder: Annotated[Path, typer.Argument(help="Folder of gis build, gis train or gis bench.")],
    to: Annotated[str, typer.Option(help="ORG/NAME on the Hub; made where there is none.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List files, sizes and the card; send nothing.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Let all see a new repository; private otherwise.")] = False,
    ids_only: Annotated[
        bool, typer.Option("--ids-only", help="Of a dataset, publish ids and evidence without any text.")
    ] = False,
    revision: Annotated[str | None, typer.Option(help="Branch to commit to, made where there is none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also over files that gis did not publish.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and the result.")] = False,
) -> None:
    """Check a dataset, a model or results, and send them to the Hugging Face Hub in one commit.

    Needs HF_TOKEN with the right to write, or hf auth login.

    Example: gis publish my-issues --to me/my-issues --dry-run
    """
    from rich.table import Table

    from gis.console import Reporter
    from gis.publishing.folders import prepare
    from gis.publishing.push import push

    reporter = Reporter(quiet=quiet)
    if not re.fullmatch(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", to):
        raise GisError(f"--to {to}: write ORG/NAME")
    with interruptible("large files that were sent stay there, the same command goes on"):
        publication = prepare(folder, ids_only=ids_only)
        if dry_run:
            table = Table("file", "bytes", box=None, pad_edge=False)
            for name in publication.files:
                table.add_row(name, f"{publication.size(name):,}")
            print_table(table)
            total = sum(map(publication.size, publication.files))
            typer.echo(f"\n{len(publication.files)} files, {total:,} bytes, a {publication.kind}\n\n{publication.card}")
        if publication.problems:
            raise GisError("not to be published:\n" + "\n".join(f"  {problem}" for problem in publication.problems))
        if dry_run:
            reporter.say(f"nothing was sent; without --dry-run it goes to {to}, {'public' if public else 'private'}")
            return
        sent = push(publication, to, public=public, revision=revision, force=force)
    removed = f", {sent.removed} of an earlier publication removed" if sent.removed else ""
    typer.echo(f"{sent.added} files in {to}{removed}: {sent.url}")
