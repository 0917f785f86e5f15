"""References to issues as people type them."""

import pytest

from gis.collector.records import Reference
from gis.collector.servers import REDIRECTS
from gis.dataset.issues.references import reference_pattern, references


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#1", Reference(None, 1)),
        ("(#5)", Reference(None, 5)),
        ("GH-4", Reference(None, 4)),
        ("octo/gadgets#2", Reference("octo/gadgets", 2)),
        ("https://github.com/octo/things/issues/3", Reference("octo/things", 3)),
        ("https://github.com/octo/things/issues/3#issuecomment-9", Reference("octo/things", 3)),
        ("http://www.github.com/octo/things/issues/3?x=1", Reference("octo/things", 3)),
        ("see github.com/octo/things/issues/3.", Reference("octo/things", 3)),
        ("https://github.com/a/b/pull/6", Reference("a/b", 6, True)),
    ],
)
def test_references(text: str, expected: Reference) -> None:
    assert list(references(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "abc#1def",
        "&#39;",
        "color #fff",
        "page/#7",
        "#99999999999999999999",
        "notgithub.com/octo/widgets/issues/12",
        "https://github.example.com/octo/widgets/issues/12",
        "https://github.com/octo/widgets/wiki/12",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert list(references(text)) == []


def test_all_references_of_a_text_come_in_order() -> None:
    text = "#3, then [#1](https://github.com/octo/gadgets/issues/1)"
    assert list(references(text)) == [Reference(None, 3), Reference(None, 1), Reference("octo/gadgets", 1)]


def test_a_reference_that_comes_again_is_read_once() -> None:
    text = "#3 octo/widgets#4 #3, #3 https://github.com/octo/widgets/issues/4 #5#3"
    assert list(references(text)) == [Reference(None, 3), Reference("octo/widgets", 4), Reference(None, 5)]


@pytest.mark.parametrize("host", [*sorted(REDIRECTS), "GitHub.com"])
def test_every_host_that_leads_to_github_is_read(host: str) -> None:
    address = f"https://{host}/octo/widgets/issues/5"
    assert list(references(f"{address}, {host}/octo/widgets/pull/6")) == [
        Reference("octo/widgets", 5),
        Reference("octo/widgets", 6, True),
    ]
    assert list(references(f"https://my{host}/octo/widgets/issues/5 https://my.{host}/octo/widgets/issues/5")) == []
    assert list(references(address, "github.example.com")) == []


def test_an_enterprise_server_has_addresses_of_its_own() -> None:
    host = "github.example.com"
    ours, theirs = f"https://{host}/octo/widgets/issues/5", "https://github.com/octo/widgets/issues/5"
    assert list(references(f"{ours} {theirs} #6", host)) == [Reference("octo/widgets", 5), Reference(None, 6)]
    assert not reference_pattern(host).search("https://githubXexample.com/octo/widgets/issues/5")
