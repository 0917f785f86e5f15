"""References to issues as people type them: #N, GH-N, OWNER/NAME#N and addresses."""

import re
from collections.abc import Iterator
from functools import cache

from gis.collector.records import Reference
from gis.collector.servers import REDIRECTS

GITHUB_HOST = "github.com"
# Every repetition has a limit, so that no text takes time that grows with the square of its length.
NAME = r"[A-Za-z0-9][\w-]{0,38}+/[\w.-]{1,100}+(?<=\w)"
SIGN = re.compile(r"\#|/issues/|/pull/|GH-|gh-")  # in every reference, and found far faster
NUMBER = r"\d{1,9}(?!\d)"  # GitHub's numbers are not longer


@cache
def reference_pattern(host: str = GITHUB_HOST) -> re.Pattern[str]:
    """Return the pattern of a reference on the server with this host name; ``reference_of`` reads its matches."""
    hosts = {host, f"www.{host}", *(REDIRECTS if host == GITHUB_HOST else ())}
    return re.compile(
        rf"""
        (?=[A-Za-z0-9\#])                                                     # most characters need no further look
        (?:
            (?: https?:// | (?<![A-Za-z0-9_./@:-]) ) (?i: {"|".join(map(re.escape, sorted(hosts)))} )/
            (?P<page>{NAME}) / (?P<kind>issues|pull) / (?P<page_number>{NUMBER})     # https://github.com/octo/widgets/pull/5
            (?: [#?/] (?=\w) [^\s)\]>,;]{{0,100}} (?<![?.!:]) | / )?                    # #issuecomment-7, no "?"
          | (?<![A-Za-z0-9_/.-]) (?P<repository> {NAME} ) \# (?P<repository_number>{NUMBER})   # octo/widgets#5
          | (?: \# (?<![A-Za-z0-9_/&]\#) | GH- (?<=\bGH-) | gh- (?<=\bgh-) ) (?P<number>{NUMBER})   # #5, GH-5
        )
        (?![A-Za-z0-9])
        """,
        re.VERBOSE,
    )


@cache
def reference_expression(host: str = GITHUB_HOST) -> str:
    """Return the expression of ``reference_pattern`` without names, for use inside other verbose patterns."""
    return re.sub(r"\?P<\w+>", "?:", reference_pattern(host).pattern)


def references(text: str, host: str = GITHUB_HOST) -> Iterator[Reference]:
    """Yield each reference in ``text`` once, in order; a link whose text is another one gives both.

    Args:
        text: What somebody wrote.
        host: Host name of the server whose issues are meant.
    """
    pattern = reference_pattern(host)
    words = dict.fromkeys(text.split())  # no reference has a blank in it, and the same words may come again and again
    matches = {match[0]: match for word in words if SIGN.search(word) for match in pattern.finditer(word)}
    yield from dict.fromkeys(map(reference_of, matches.values()))


def reference_of(match: re.Match[str]) -> Reference:
    """Return what a match of ``reference_pattern`` names; its repository is None where the text names none."""
    if match["page"]:
        pull_request = True if match["kind"] == "pull" else None  # GitHub also shows pull requests under /issues/
        return Reference(match["page"], int(match["page_number"]), pull_request)
    if match["repository"]:
        return Reference(match["repository"], int(match["repository_number"]))
    return Reference(None, int(match["number"]))
