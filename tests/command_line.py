"""Run the command line in this process, as `gis` runs it."""

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch


@dataclass(frozen=True)
class Done:
    """How a command ended.

    Attributes:
        status: The exit status.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    status: int
    out: str
    err: str


Gis = Callable[..., Done]  # takes the arguments after "gis"


def run_gis(*arguments: str | Path) -> Done:
    """Run ``gis`` with ``arguments``; nothing but its exit status says that it failed."""
    from gis.cli import State, main

    out, err = io.StringIO(), io.StringIO()
    State.debug = False
    with patch.object(sys, "argv", ["gis", *map(str, arguments)]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    return Done(code if isinstance(code, int) else int(bool(code)), out.getvalue(), err.getvalue())
