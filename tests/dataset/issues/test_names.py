"""Which repository a typed name means."""

import pytest

from gis.collector.records import Reference
from gis.dataset.issues.names import RepositoryNames

WIDGETS, GADGETS = 0, 1
NAMES = RepositoryNames(("octo/Widgets", "octo/gadgets"), {"octo/widgets": 0, "old/things": 0, "octo/gadgets": 1})


@pytest.mark.parametrize(
    ("name", "typed_in", "index"),
    [
        (None, GADGETS, GADGETS),
        ("octo/widgets", GADGETS, WIDGETS),
        ("OCTO/WIDGETS", GADGETS, WIDGETS),
        ("old/things", GADGETS, WIDGETS),  # a former name that the store knows
        ("former/widgets", WIDGETS, WIDGETS),  # an owner that the store does not know
        ("former/widgets", GADGETS, None),
        ("octo/nothing", WIDGETS, None),
    ],
)
def test_the_repository_of_a_reference(name: str | None, typed_in: int, index: int | None) -> None:
    assert NAMES.index_of(Reference(name, 5), typed_in) == index


def test_an_issue_has_one_name() -> None:
    references = [Reference(None, 5), Reference("octo/widgets", 5), Reference("former/Widgets", 5)]
    assert {NAMES.canonical(reference, WIDGETS) for reference in references} == {"octo/Widgets#5"}
    assert NAMES.canonical(Reference("a/B", 5), WIDGETS) == "a/B#5"


def test_the_host_is_that_of_the_server() -> None:
    assert NAMES.host == "github.com"
    assert RepositoryNames((), {}, "https://github.example.com").host == "github.example.com"
