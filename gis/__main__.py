"""Run the command line: what ``python -m gis`` and the command ``gis`` start."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Load the command line and run it; Ctrl-C is one line from the first moment on."""
    try:
        from gis.cli import main as run

        run()
    except KeyboardInterrupt:  # while modules are loaded: later, each verb says what it left
        sys.stderr.write("interrupted; nothing was begun\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
