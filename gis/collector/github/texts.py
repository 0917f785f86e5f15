"""Fetch the titles and bodies of issues that are known by number."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from gis.collector.fields import Fields, objects
from gis.collector.github.adaptive import AdaptiveClient
from gis.collector.github.graphql_nodes import first_body
from gis.collector.github.queries import texts_query
from gis.collector.records import IssueText, WithheldIssue
from gis.collector.source import NotFoundError, QueryTimeoutError

ISSUES_PER_QUERY = 100  # GitHub charges one point for these


def fetch_texts(
    server: AdaptiveClient, issues: Iterable[tuple[str, int]], *, private: bool
) -> Iterator[IssueText | WithheldIssue]:
    """Yield the text of every issue that still exists, one repository after the other.

    Args:
        server: The GitHub server.
        issues: OWNER/NAME and number of each issue. Issues that were deleted, moved or hidden yield nothing.
        private: Whether to give the texts of private repositories, too, instead of a ``WithheldIssue`` for each.

    Raises:
        GisError: GitHub refuses, or fails for good.
    """
    numbers_by_repository: dict[str, list[int]] = defaultdict(list)
    for repository, number in issues:
        numbers_by_repository[repository].append(number)
    for repository, numbers in numbers_by_repository.items():
        for start in range(0, len(numbers), ISSUES_PER_QUERY):
            batch = numbers[start : start + ISSUES_PER_QUERY]
            yield from _fetch_batch(server, repository, batch, private=private)


def _fetch_batch(
    server: AdaptiveClient, repository: str, numbers: Sequence[int], *, private: bool
) -> Iterator[IssueText | WithheldIssue]:
    owner, name = repository.split("/")
    variables = {"owner": owner, "name": name, **{f"number{place}": number for place, number in enumerate(numbers)}}
    try:
        answer = server.run(partial(texts_query, numbers), variables, shrinkable=len(numbers) > 1)
    except NotFoundError:  # the repository itself
        return
    except QueryTimeoutError:
        half = len(numbers) // 2
        yield from _fetch_batch(server, repository, numbers[:half], private=private)
        yield from _fetch_batch(server, repository, numbers[half:], private=private)
        return
    issues = answer.object("repository")
    withheld = issues.flag("isPrivate") and not private
    for place, number in enumerate(numbers):
        node = issues.object_or_none(f"issue{place}")
        if node is not None:
            yield WithheldIssue(repository, number) if withheld else _text(node, repository, number)


def _text(node: Fields, repository: str, number: int) -> IssueText:
    renames = objects(node.object("timelineItems").items("nodes"), "a change of title")
    return IssueText(
        repository,
        number,
        node.text("title"),
        node.text("body"),
        first_title=next((rename.text_or_none("previousTitle") for rename in renames), None),
        first_body=first_body(node, None),
    )
