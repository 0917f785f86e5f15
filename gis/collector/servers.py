"""Which GitHub server issues are of: github.com or one of Enterprise, from the addresses that people and rows give."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

GITHUB = "https://github.com"
GITHUB_API = "https://api.github.com"
WEB_ADDRESS = re.compile(r"https?://[^/]+/(?P<repository>[^/]+/[^/]+)/(?:issues|pull)/(?P<number>[0-9]{1,10})(?![0-9])")
API_ADDRESS = re.compile(r"https?://[^/]+/(?:api/v3/)?repos/")
# Hosts that lead to pages of github.com; bots use them so that no mention appears there
REDIRECTS = frozenset({"www.github.com", "redirect.github.com", "togithub.com", "www.togithub.com"})


def web_url_of(address: str) -> str:
    """Return the address of a server's web pages, given one of its API or of a page.

    The API is at api.github.com, api.SUBDOMAIN.ghe.com or, of Enterprise, at HOST/api/v3.
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def is_same_server(one: str, other: str) -> bool:
    """Return whether two addresses are of one host, whatever its port."""
    return urlsplit(web_url_of(one)).hostname == urlsplit(web_url_of(other)).hostname


def server_named_in(lines: Iterable[bytes], repository: str) -> str | None:
    """Return the only server on which texts have addresses of a repository's issues; None if it is GitHub or unclear.

    Args:
        lines: The texts, in any encoding of ASCII.
        repository: OWNER/NAME.
    """
    address = re.compile(
        rb"(?P<server>https?://[\w.:-]{1,200})/" + re.escape(repository.encode()) + rb"/(?:issues|pull)/\d",
        re.IGNORECASE,
    )
    servers: set[str] = set()
    for line in lines:
        for match in address.finditer(line):
            server = match["server"].decode().lower()
            servers.add(server)
            if is_same_server(server, GITHUB) or urlsplit(server).hostname in REDIRECTS or len(servers) > 1:
                return None
    return next(iter(servers), None)


def is_this_machine(host: str) -> bool:
    """Return whether a host is this machine, to which nothing needs to be encrypted."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
