"""A repository's issues and comments through REST: text and labels, but no canonical issue of a duplicate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from gis.collector.github.client import Client
from gis.collector.records import Page, Repository
from gis.collector.rows import comment_from_row, issue_from_row

PER_PAGE = 100
PHASES = ("issues", "comments")


class RestSource:
    """Walks first the issues, then the comments of a repository, each by the time of the last change.

    No list is followed beyond a page or two: the next request asks for what changed since the last row, as GitHub
    refuses deep pages.
    """

    name: ClassVar[str] = "rest"

    def __init__(self, client: Client) -> None:
        self._client = client
        self.total = 0

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:
        """As ``GraphQLSource.pages``."""
        state: dict[str, Any] = dict(checkpoint or {"phase": PHASES[0], "start": since, "since": since, "page": 1})
        base = f"/repositories/{repository.id}/issues"  # by number: a redirect of a renamed one would lose the query
        while True:
            issues = state["phase"] == PHASES[0]
            window = {"since": state["since"]} if state["since"] else {}
            common = {"sort": "updated", "direction": "asc", "per_page": PER_PAGE, "page": state["page"], **window}
            path = base if issues else f"{base}/comments"
            rows = self._client.get(path, **common, **({"state": "all"} if issues else {})).body
            full = len(rows) == PER_PAGE
            last = rows[-1]["updated_at"] if rows else state["since"]
            if full and last != state["since"]:
                state.update(since=last, page=1)
            elif full:  # a whole page of one second
                state["page"] += 1
            elif issues:
                state.update(phase=PHASES[1], since=state["start"], page=1)
            done = not full and not issues
            points, requests = self._client.spent.take()
            if issues:
                found = tuple(issue_from_row(row) for row in rows if "pull_request" not in row)
                pulls = tuple(row["number"] for row in rows if "pull_request" in row)
                yield Page(dict(state), done, found, pull_requests=pulls, points=points, requests=requests)
            else:
                comments = tuple(comment_from_row(row) for row in rows)
                yield Page(dict(state), done, comments=comments, points=points, requests=requests)
            if done:
                return

    def missing(self, repository: Repository, known: Sequence[int]) -> list[int]:  # noqa: ARG002
        """None: a list of all numbers would cost a request a hundred, every time."""
        return []

    def size(self, repository: Repository, since: str | None) -> tuple[int, int, int]:
        """Issues and pull requests together, 0, and comments: from the numbers of the last pages."""
        base = f"/repositories/{repository.id}/issues"
        window = {"since": since} if since else {}
        newest = self._client.get(base, state="all", sort="created", direction="desc", per_page=1, **window).body
        issues = newest[0]["number"] if newest else 0
        sample = self._client.get(base, state="all", per_page=PER_PAGE, **window).body
        comments = sum(row["comments"] for row in sample) / max(len(sample), 1)
        return issues, 0, round(issues * comments)
