"""Which versions made a number, that of gis among them."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "gis-similarity"  # the package index knows another project as "gis"
VERSION = version(DISTRIBUTION)


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Return the version of Python and of each of ``libraries`` that is installed; "gis" is this package."""
    versions = {"python": platform.python_version()}
    for library in libraries:
        try:
            versions[library] = version(DISTRIBUTION if library == "gis" else library)
        except PackageNotFoundError:
            continue
    return versions
