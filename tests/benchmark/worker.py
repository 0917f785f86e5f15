"""A process that runs one ``gis`` command line after the other, with a Hub of its own.

Hub clients read HF_ENDPOINT once, when they are imported, so it cannot be changed inside the tests' own process; and a
new process for every command would spend most of the time on imports.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    status: int
    stdout: str
    stderr: str


class Worker:
    """The process, as its tests see it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, *arguments: str | Path) -> Done:
        """Run ``gis`` with ``arguments``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(argument) for argument in arguments]) + "\n")
        self._process.stdin.flush()
        return Done(**json.loads(self._process.stdout.readline()))


@contextlib.contextmanager
def worker(hub_url: str, home: Path) -> Iterator[Worker]:
    """A process whose Hub is at ``hub_url`` and that keeps all its caches below ``home``."""
    places = {"HF_HOME": str(home / "hf"), "GIS_CACHE": str(home / "gis"), "HF_ENDPOINT": hub_url}
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        env={**os.environ, **places, "HF_HUB_DISABLE_TELEMETRY": "1"},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()


def _serve() -> None:
    import time

    from gis.cli import main

    time.sleep = lambda seconds: None  # noqa: ARG005 - the clients wait long between their retries
    answers = sys.stdout
    for line in sys.stdin:
        sys.argv = ["gis", *json.loads(line)]
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                main()
            except SystemExit as ended:
                status = ended.code
        done = {"status": status or 0, "stdout": out.getvalue(), "stderr": err.getvalue()}
        answers.write(json.dumps(done) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
