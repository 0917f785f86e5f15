"""Run the command line as ``python -m gis``."""

from gis.cli import main

if __name__ == "__main__":
    main()
