"""The frame of the command line: options before a verb, printed results, exit statuses."""

import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperArgument, TyperGroup

from gis.errors import GisError, unknown_name
from gis.replacing import folder_identity

if TYPE_CHECKING:
    from rich.console import Console

    from gis.spec import Spec
    from gis.terminal_table import TerminalTable

INTERRUPTED = 130
WIDER_THAN_ANY_TABLE = 10_000
HELP_WIDTH = 100  # columns, where the terminal has as many
# The order of gis --help: from the data to what is made of them.
VERBS = (
    *(
        "collect",
        "index",
        "find",
        "outcomes",
        "build",
        "hydrate",
        "annotate",
        "review",
        "train",
        "ablate",
        "objectives",
    ),
    *("bench", "leaderboard", "compare", "errors", "plot", "tasks", "models", "publish"),
)


class VerbGroup(TyperGroup):
    """The verbs in the order of ``VERBS``."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(*arguments, **named)
        for parameter in (parameter for verb in self.commands.values() for parameter in verb.params):
            if isinstance(parameter, TyperArgument):  # newer typer adds "<str>" to the name of an argument
                vars(parameter)["display_type_rich"] = lambda **_: None

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - a private type of typer
        """Return the verbs in their order; those it lacks last."""
        return sorted(self.commands, key=lambda verb: VERBS.index(verb) if verb in VERBS else len(VERBS))


app = typer.Typer(
    cls=VerbGroup,
    help="Text similarity: score models by Spearman correlation, rank and train them, build datasets for them.",
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": HELP_WIDTH},
    rich_markup_mode=None,  # plain help: rich would double the time of gis --help
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class State:
    """The options before the verb."""

    debug = False


def _print_version(wanted: bool) -> None:
    if wanted:
        from gis.versions import VERSION

        typer.echo(f"gis {VERSION}")
        raise typer.Exit


@app.callback()
def _before(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    State.debug = debug


@app.command("help", hidden=True)
def show_help(
    context: typer.Context, verb: Annotated[str | None, typer.Argument(metavar="VERB", help="A verb of gis.")] = None
) -> None:
    """Show the help of a verb."""
    above = context.find_root()
    if verb is None:
        typer.echo(above.get_help())
        return
    verbs: dict[str, Any] = above.command.commands  # type: ignore[attr-defined]
    if verb not in verbs:
        raise unknown_name("verb", verb, verbs)
    typer.echo(typer.Context(verbs[verb], info_name=verb, parent=above).get_help())


@contextmanager
def interruptible(
    outcome: str | Callable[[], str] = "all that was finished is kept, the same command continues",
) -> Iterator[None]:
    """Answer Ctrl-C and SIGTERM with one line and exit status 130, after the block has tidied up.

    Args:
        outcome: What became of the work, for that line.
    """

    def terminated(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        previous = signal.signal(signal.SIGTERM, terminated)
    except ValueError:  # only the main thread may handle signals
        previous = None
    try:
        yield
    except KeyboardInterrupt:
        from gis.console import for_screen

        typer.echo(for_screen(f"interrupted; {outcome if isinstance(outcome, str) else outcome()}"), err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def what_stands_at(output: Path) -> Callable[[], str]:
    """Return a function that says what became of a folder that is written whole or not at all."""
    before = folder_identity(output)

    def outcome() -> str:
        now = folder_identity(output)
        if now is None:
            return "nothing was written"
        return f"{output} is as it was" if now == before else f"{output} is complete"

    return outcome


def check_names(specs: "list[Spec]") -> None:
    """Raise for a misspelt model now, before any task is fetched."""
    from gis.models.registry import adapter_of

    for spec in specs:
        adapter_of(spec)


def print_table(table: "TerminalTable", *notes: str) -> None:
    """Print a result and the notes below it: in a terminal to its width, elsewhere as wide as it must be."""
    console = _console()
    console.print(table)
    print_notes(*notes)


def print_text(text: str) -> None:
    """Print a text on standard output as it is, but for secrets and characters that steer a terminal."""
    from gis.console import for_screen

    typer.echo(for_screen(text))


def print_notes(*notes: str) -> None:
    """Print lines of text on standard output; in a terminal they are wrapped between words."""
    from gis.console import for_screen
    from gis.text import wrapped

    width = _console().width
    for note in notes:
        typer.echo(wrapped(for_screen(note), width))


def _console() -> "Console":
    """Return standard output as a terminal of its width, or as a file or pipe, which has no edge."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=WIDER_THAN_ANY_TABLE, highlight=False)


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    from gis.masking import masked_logs

    try:
        with masked_logs():
            app()
    except Exception as error:
        from gis.console import for_screen

        text = f"error: {error.for_command_line if isinstance(error, GisError) else error}"
        foreseen = isinstance(error, (GisError, OSError))  # OSError: a full disk, a folder without rights
        if State.debug or not foreseen:
            text = "".join(traceback.format_exception(error)).rstrip()
        typer.echo(for_screen(text), err=True)
        sys.exit(error.exit_status if isinstance(error, GisError) else 1)
    sys.exit(0)
