"""The verb that fills in the texts of a dataset that was shared without them: hydrate."""

from pathlib import Path
from typing import Annotated

import typer

from gis.cli.app import app, interruptible


@app.command(no_args_is_help=True)
def hydrate(
    dataset: Annotated[str, typer.Argument(help="Folder or Hub id with the config ids of a dataset of gis build.")],
    output: Annotated[Path, typer.Option(help="Folder to make.")],
    only_same: Annotated[bool, typer.Option("--only-same", help="Leave out texts that changed since.")] = False,
    api_url: Annotated[str, typer.Option(help="GitHub Enterprise: https://HOST/api/v3.")] = "https://api.github.com",
    max_wait: Annotated[float | None, typer.Option(min=0, help="Stop rather than wait longer, in seconds.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings.")] = False,
) -> None:
    """Fetch the texts of a dataset that was shared without them from GitHub, a hundred issues a point.

    Example: gis hydrate me/my-issues --output my-issues
    """
    from gis.collector.github.connection import connect
    from gis.console import Reporter
    from gis.dataset.output.hydrate import hydrate as fill

    reporter = Reporter(quiet=quiet)
    with interruptible("nothing was written"):
        github = connect(api_url, "graphql", reporter, points=None, wait=max_wait)
        found = fill(_ids_of(dataset), output, github.client, reporter, only_same=only_same)
    pairs = ", ".join(f"{count:,} in {split}" for split, count in found.pairs.items())
    typer.echo(
        f"{output}: pairs {pairs}; issues: {found.same:,} as built, {found.changed:,} changed, {found.gone:,} gone"
    )


def _ids_of(dataset: str) -> Path:
    """The folder of a dataset's ids, fetched from the Hub where it is not here."""
    folder = Path(dataset).expanduser()
    if folder.is_dir() or dataset.count("/") != 1:
        return folder
    from huggingface_hub import snapshot_download

    from gis.hub import ask_hub

    with ask_hub(f"the dataset {dataset}", None, "give a folder", offline=False):
        return Path(snapshot_download(dataset, repo_type="dataset", allow_patterns=["ids/*", "gis_manifest.json"]))
