"""The help of the command line, and its reference in docs/cli.md."""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from gis.cli import app
from gis.cli.app import VERBS
from gis.cli.reference import reference
from tests.command_line import Gis

CHECKOUT = Path(__file__).resolve().parents[1]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
TYPER = re.findall(r"^typer==(.+)$", (CHECKOUT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
PRESENT = [verb for verb in VERBS if verb in COMMANDS]


def test_verbs_are_listed_in_the_order_of_the_work(gis: Gis) -> None:
    listed = gis("--help").out.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in listed] == PRESENT
    assert {verb for verb, command in COMMANDS.items() if not command.hidden} == set(PRESENT)


@pytest.mark.parametrize("verb", [(), *([verb] for verb in PRESENT)])
def test_h_is_help(gis: Gis, verb: list[str]) -> None:
    short, full, told = gis(*verb, "-h"), gis(*verb, "--help"), gis("help", *verb)
    assert (short.status, short.err) == (0, "")
    assert short == full
    assert told == full


def test_help_of_an_unknown_verb_names_the_close_one(gis: Gis) -> None:
    done = gis("help", "bnch")
    assert (done.status, done.err) == (2, "error: unknown verb 'bnch'. Did you mean bench?\n")


def test_a_shell_can_complete_verbs_and_options() -> None:
    def completed(line: str) -> list[str]:
        words = {"_GIS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        program = "import sys; sys.argv = ['gis']; from gis.cli import app; app(prog_name='gis')"
        environment = {**os.environ, **words, "PYTHONPATH": str(CHECKOUT)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout.split()

    assert completed("gis ") == PRESENT
    assert "--markdown" in completed("gis leaderboard --ma")


@pytest.mark.parametrize("verb", PRESENT)
def test_the_summary_of_a_verb_is_not_cut_at_80_columns(verb: str) -> None:
    assert not COMMANDS[verb].get_short_help_str(61).endswith("...")


@pytest.mark.parametrize("verb", PRESENT)
def test_an_option_says_what_it_takes(verb: str) -> None:
    help_text = COMMANDS[verb].get_help(typer.Context(COMMANDS[verb], info_name=verb))
    assert not re.search(r"(--[\w-]+|[A-Z]+) <(str|int|float|path|dir|file|list\[\w+\])( range)?>", help_text)


@pytest.mark.skipif([version("typer")] != TYPER, reason=f"it is as typer {TYPER[0]} writes it")
def test_the_reference_is_fresh() -> None:
    stale = "docs/cli.md is stale; run: python -m gis.cli.reference > docs/cli.md"
    assert (CHECKOUT / "docs" / "cli.md").read_text(encoding="utf-8") == reference(), stale
