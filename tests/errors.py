"""Errors as the command line prints them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gis.errors import GisError


@contextmanager
def error_line(match: str, kind: type[GisError] = GisError) -> Iterator[None]:
    """Expect an error in this block whose message and remedy match the regular expression ``match``."""
    with pytest.raises(kind) as caught:
        yield
    assert re.search(match, caught.value.for_command_line), caught.value.for_command_line
