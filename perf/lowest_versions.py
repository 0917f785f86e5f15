"""Write the lowest version of every dependency in pyproject.toml as a constraint of pip, for make test-lowest."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def lowest_versions(pyproject: str) -> Iterator[str]:
    """Yield ``name==version`` for each dependency of ``pyproject``, extras included, that has a lower bound."""
    project = tomllib.loads(pyproject)["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    for requirement in [*project["dependencies"], *extras]:
        if bound := re.match(r"([\w.-]+)[>=]=([\w.]+)", requirement):
            yield f"{bound[1]}=={bound[2]}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lowest_versions(PROJECT.read_text(encoding="utf-8")))
