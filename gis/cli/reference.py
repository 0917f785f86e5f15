"""The command-line reference, docs/cli.md: ``python -m gis.cli.reference > docs/cli.md``."""

import sys

import typer

from gis.cli import app
from gis.cli.app import HELP_WIDTH

HEAD = """# Command line

Every verb with its options, as `gis VERB --help` shows them. Results go to standard output, messages and progress to
standard error. The exit status is 0 when the work is done, 1 when it failed, 2 when the request was wrong and 130 when
it was interrupted; the same command then continues. `gis --debug VERB …` shows the traceback of an error.

This page is generated: `python -m gis.cli.reference > docs/cli.md`.
"""


def reference() -> str:
    """Return the reference in Markdown; its width does not depend on the terminal."""
    command = typer.main.get_command(app)
    top = typer.Context(command, info_name="gis", terminal_width=HELP_WIDTH, **app.info.context_settings or {})
    sections = [f"## gis\n\n{_block(top)}"]
    for verb in command.list_commands(top):  # type: ignore[attr-defined]
        verb_command = command.get_command(top, verb)  # type: ignore[attr-defined]
        if not verb_command.hidden:
            context = typer.Context(verb_command, info_name=verb, parent=top)
            sections.append(f"## gis {verb}\n\n{_block(context)}")
    return "\n".join([HEAD, *sections])


def _block(context: typer.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
