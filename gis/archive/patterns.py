"""Names of repositories in which * stands for anything."""

import re
from collections.abc import Iterable


def regex_of(names: Iterable[str]) -> str:
    """Return a regular expression of any engine for names in lower case: in LIKE, the _ of many is any character."""
    return f"^({'|'.join('.*'.join(map(re.escape, name.lower().split('*'))) for name in names)})$"
