"""The verb that publishes on the Hugging Face Hub."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis.cli.app import app, interruptible, print_table, print_text
from gis.cli.options import Quiet
from gis.errors import GisError, UsageError

if TYPE_CHECKING:
    from gis.publishing.publication import Publication

NAME = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}")


@app.command(no_args_is_help=True)
def publish(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", file_okay=False, help="Folder of gis build, annotate, train or bench.")
    ],
    to: Annotated[str, typer.Option(metavar="ORG/NAME", help="ORG/NAME on the Hub; created if it does not exist.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the folder, show files, sizes and the card, and send nothing.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody see a new repository; it is private otherwise.")
    ] = False,
    ids_only: Annotated[
        bool, typer.Option("--ids-only", help="Publish only the ids and the evidence of a dataset, without any text.")
    ] = False,
    results: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Results of the model, which the Hub shows on its page."),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="Branch to commit to; created if it does not exist.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Publish even over files that gis did not publish.")] = False,
    quiet: Quiet = False,
) -> None:
    """Publish a dataset, a model or results on the Hub.

    The folder is checked first, then sent to the Hugging Face Hub in one commit.

    Needs a token with the right to write: set HF_TOKEN, or run hf auth login.

    Example: gis publish my-issues --to me/my-issues --dry-run
    """
    from gis.console import Reporter
    from gis.publishing.prepare import prepare
    from gis.publishing.push import push

    reporter = Reporter(quiet=quiet)
    if not NAME.fullmatch(to):
        raise UsageError(f"--to {to}: write ORG/NAME")
    with interruptible("large files that were sent stay there, the same command continues"):
        publication = prepare(folder, name=to, ids_only=ids_only, results=results)
        if publication.problems:
            count = len(publication.problems)
            heading = f"not published: {count} {'problem' if count == 1 else 'problems'} in {folder}"
            raise GisError("\n  ".join([heading, *publication.problems]))
        if dry_run:
            _show(publication)
            reporter.say(f"nothing was sent; without --dry-run it goes to {to}, {'public' if public else 'private'}")
            return
        result = push(publication, to, public=public, revision=revision, force=force)
    removed = f", {result.removed} of an earlier publication removed" if result.removed else ""
    print_text(f"{result.files} files in {to}{removed}: {result.url}")


def _show(publication: "Publication") -> None:
    """Print the files, their sizes and the card."""
    from gis.terminal_table import Column, TerminalTable

    table = TerminalTable([Column(title="file", align="left"), Column(title="bytes")])
    for name in publication.files:
        table.add_row(name, f"{publication.size(name):,}")
    print_table(table)
    total = sum(map(publication.size, publication.files))
    print_text(f"\n{len(publication.files)} files, {total:,} bytes, a {publication.kind}\n\n{publication.card}")
