"""Which server addresses are of."""

import pytest

from gis.collector.servers import is_same_server, server_named_in, web_url_of


@pytest.mark.parametrize(
    ("address", "web_url"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/repos/octo/widgets/issues/5", "https://github.com"),
        ("https://git.example.org/api/v3", "https://git.example.org"),
        ("https://git.example.org/api/v3/repos/octo/widgets", "https://git.example.org"),
        ("https://git.example.org/octo/widgets/issues/5", "https://git.example.org"),
        ("https://api.octo.ghe.com/repos/octo/widgets", "https://octo.ghe.com"),
        ("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080"),
    ],
)
def test_the_pages_of_a_server_are_found_from_any_address(address: str, web_url: str) -> None:
    assert web_url_of(address) == web_url


def test_a_server_is_known_by_its_host() -> None:
    assert is_same_server("https://api.github.com", "https://github.com")
    assert is_same_server("http://localhost:1/api/v3", "http://localhost:2")
    assert not is_same_server("https://github.com", "https://git.example.org")


@pytest.mark.parametrize(
    ("texts", "server"),
    [
        (["see https://git.example.org/octo/widgets/issues/5"], "https://git.example.org"),
        (["https://Git.Example.org:8443/Octo/Widgets/pull/5", "nothing"], "https://git.example.org:8443"),
        (["https://git.example.org/octo/gadgets/issues/5"], None),
        (["https://git.example.org/octo/widgets/wiki/5"], None),
        (["https://git.example.org/octo/widgets/issues/5", "https://github.com/octo/widgets/issues/5"], None),
        (["https://redirect.github.com/octo/widgets/issues/5"], None),
        (["https://git.example.org/octo/widgets/issues/5", "https://git.example.net/octo/widgets/issues/5"], None),
        ([], None),
    ],
)
def test_texts_name_a_server_if_all_of_them_name_that_one(texts: list[str], server: str | None) -> None:
    assert server_named_in((text.encode() for text in texts), "octo/widgets") == server
