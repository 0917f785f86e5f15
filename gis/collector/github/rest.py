"""A repository's issues, comments and events through REST: all but the canonical issue of a duplicate."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from gis.collector.github.client import Client
from gis.collector.github.rest_rows import comment_from_row, event_from_row, issue_from_row
from gis.collector.records import Page, Repository
from gis.collector.source import PaginationLimitError
from gis.console import Reporter
from gis.errors import GisError

PER_PAGE = 100
LISTS = ("issues", "issues/comments", "issues/events")  # below a repository's address, in the order of the walk


class RestSource:
    """Walks the issues, the comments and the events of a repository, one list after the other.

    Issues and comments are followed a page at a time: the next request asks for what changed since the last row, as
    GitHub refuses deep pages. Events come newest first and cannot be asked for by time: they are followed until they
    are older than the last walk.

    Args:
        client: Asks GitHub.
        reporter: Told of events that are out of reach.
    """

    name: ClassVar[str] = "rest"

    def __init__(self, client: Client, reporter: Reporter) -> None:
        self._client = client
        self._reporter = reporter
        self.total = 0
        self.asks = frozenset({self.name})

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:
        """As ``GraphQLSource.pages``."""
        state: dict[str, Any] = dict(checkpoint or {"done": True})
        if state["done"]:
            state = {"list": LISTS[0], "start": since, "since": since, "page": 1, "done": False}
        while not state["done"]:
            rows, ended = self._rows(repository, state)
            if state["list"] == LISTS[2]:
                ended = ended or rows[-1]["created_at"] < (state["start"] or "")
                state["page"] += 1
            else:
                last = rows[-1]["updated_at"] if rows else state["since"]
                if last == state["since"]:  # a whole page of one second
                    state["page"] += 1
                else:
                    state.update(since=last, page=1)
            asked = state["list"]
            if ended and asked == LISTS[-1]:
                state["done"] = True
            elif ended:
                state.update(list=LISTS[LISTS.index(asked) + 1], since=state["start"], page=1)
            points, requests = self.spent()
            page = Page(dict(state), state["done"], points=points, requests=requests)
            yield _filled(page, asked, rows)

    def listing(self, repository: Repository, known: int) -> None:
        """None: a list of all numbers would cost a request a hundred, every time."""

    def spent(self) -> tuple[int, int]:
        """Requests since this was last asked, each a point."""
        return self._client.spent.take()

    def about(self) -> Mapping[str, Any]:
        """The server's address and the paths."""
        return {"server": self._client.url, "queries": [f"/repositories/ID/{path}" for path in LISTS]}

    def size(self, repository: Repository) -> tuple[int, int, int]:
        """Issues and pull requests together, 0, and comments: from the newest number and a sample."""
        base = f"/repositories/{repository.id}/issues"
        newest = self._client.get(base, state="all", sort="created", direction="desc", per_page=1).body
        issues = newest[0]["number"] if newest else 0
        sample = self._client.get(base, state="all", per_page=PER_PAGE).body
        comments = sum(row["comments"] for row in sample) / max(len(sample), 1)
        return issues, 0, round(issues * comments)

    def _rows(self, repository: Repository, state: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """The rows of a page, and whether it is the last that GitHub lists."""
        # By number, as the redirect of a renamed repository would lose the query.
        path = f"/repositories/{repository.id}/{state['list']}"
        asked: dict[str, Any] = {"per_page": PER_PAGE, "page": state["page"]}
        if state["list"] != LISTS[2]:
            asked |= {"sort": "updated", "direction": "asc", **({"since": state["since"]} if state["since"] else {})}
        if state["list"] == LISTS[0]:
            asked["state"] = "all"
        try:
            answer = self._client.get(path, **asked)
            rows = list(answer.body)
            return rows, not rows or 'rel="next"' not in answer.headers.get("link", "")
        except PaginationLimitError:
            if state["list"] != LISTS[2]:
                raise GisError(
                    f"GitHub does not list beyond page {state['page']} of what changed at {state['since']}; "
                    "a token (GITHUB_TOKEN) reads it through GraphQL"
                ) from None
            self._reporter.warn(f"{repository.name}: GitHub lists no older events over REST; GraphQL would")
            return [], True


def _filled(page: Page, asked: str, rows: list[dict[str, Any]]) -> Page:
    """``page`` with what ``rows`` tell."""
    if asked == LISTS[0]:
        issues = tuple(issue_from_row(row) for row in rows if "pull_request" not in row)
        return replace(page, issues=issues, pull_requests=tuple(row["number"] for row in rows if "pull_request" in row))
    if asked == LISTS[1]:
        on_issues = [row for row in rows if "/pull/" not in str(row.get("html_url"))]
        return replace(page, comments=tuple(comment_from_row(row) for row in on_issues))
    found = [event_from_row(row) for row in rows if "pull_request" not in (row.get("issue") or {})]
    return replace(page, events=tuple(each for each in found if each is not None))
