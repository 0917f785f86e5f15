"""Bring a repository into the store: from where the last run stopped, then what changed, then what is gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from gis.collector.github.client import Client, Missing
from gis.collector.records import Page, Repository
from gis.collector.store import Store
from gis.console import Reporter
from gis.errors import GisError

SECONDS_PER_REQUEST = 6.0  # of a hundred issues with all that hangs on them, as others observe


class Source(Protocol):
    """Where a repository's issues come from."""

    name: ClassVar[str]
    total: int

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed at or after ``since``, oldest change first, from where ``checkpoint`` says."""
        ...

    def missing(self, repository: Repository, known: Sequence[int]) -> list[int]:
        """Which of the issues ``known`` the source no longer lists; none where it cannot tell."""
        ...


@dataclass(frozen=True)
class Brought:
    """What a run brought of one repository.

    Attributes:
        repository: Its name today.
        issues: Issues that were new or changed.
        comments: Comments that came with them.
        gone: Issues that vanished or moved since the last run.
        points: What the run cost.
        requests: Requests it made.
    """

    repository: str
    issues: int
    comments: int
    gone: int
    points: int
    requests: int


@dataclass(frozen=True)
class Estimate:
    """What a run would bring and cost.

    Attributes:
        repository: Its name today.
        issues: Issues to fetch.
        comments: Comments, by a sample.
        points: Points or, over REST, requests.
        minutes: Rough time.
    """

    repository: str
    issues: int
    comments: int
    points: int
    minutes: float


def collect(store: Store, repository: Repository, source: Source, reporter: Reporter, client: Client | None) -> Brought:
    """Fill ``store`` with what ``source`` has of ``repository``.

    A page and the checkpoint behind it are one transaction: whenever this stops, the same call goes on from there.

    Raises:
        GisError: The source failed for good; what was written is kept.
    """
    key = store.repository(repository, source.name)
    since = store.complete_until(key)
    checkpoint = store.checkpoint(key)
    if checkpoint is not None and checkpoint.get("source") != source.name:
        checkpoint = None  # the walk of another source: this one begins its own
    issues = comments = points = requests = 0
    newest = (checkpoint or {}).get("newest") or since
    if checkpoint is not None:
        reporter.say(f"{repository.name}: continuing where the last run stopped")
    with reporter.track(repository.name, 0, "issues") as tracker:
        for page in source.pages(repository, since, (checkpoint or {}).get("walk")):
            changed = [issue.updated_at for issue in page.issues]
            newest = max([*changed, *([newest] if newest else [])], default=None)
            mark = {"source": source.name, "walk": page.checkpoint, "newest": newest}
            store.write(key, replace(page, checkpoint=mark), (newest or "") if page.done else None)
            issues += len(page.issues)
            comments += len(page.comments) + sum(len(issue.comments or ()) for issue in page.issues)
            points += page.points
            requests += page.requests
            tracker.total = max(source.total, issues)
            tracker.advance(len(page.issues), issues / max(tracker.total, 1))
    gone = source.missing(repository, store.numbers(key)) if since is not None else []
    for number in gone:
        store.mark_gone(key, number, "moved or deleted" if client is None else where_to(client, repository, number))
    return Brought(repository.name, issues, comments, len(gone), points, requests)


def resolve(client: Client, name: str) -> Repository:
    """The repository that ``name`` is today: renamed ones answer to their old names.

    Raises:
        GisError: There is none, or these accounts may not see it.
    """
    try:
        found = client.get(f"/repos/{name}").body
    except Missing:
        hint = "check the spelling" if client.authenticated else "check the spelling; a private one needs GITHUB_TOKEN"
        raise GisError(f"no repository {name} on {client.url}, or no access to it: {hint}") from None
    return Repository(str(found["full_name"]), int(found["id"]), name)


def where_to(client: Client, repository: Repository, number: int) -> str:
    """What became of an issue that its repository no longer lists."""
    try:
        found = client.get(f"/repos/{repository.name}/issues/{number}").body
    except Missing:
        return "deleted"
    home = str(found.get("repository_url", "")).partition("/repos/")[2]
    if home and home.lower() != repository.name.lower():
        return f"moved to {home}#{found['number']}"
    return "hidden"
