"""Bring a repository into the store: from where the last run stopped, then what changed, then what is gone."""

from dataclasses import dataclass, replace

from gis.collector.github.client import Client
from gis.collector.github.connection import where_to
from gis.collector.records import Repository
from gis.collector.source import NotFoundError, PaginationLimitError, QueryTimeoutError, Source, UnknownFieldsError
from gis.collector.store import COMPLETE, Store
from gis.console import Reporter
from gis.errors import GisError
from gis.versions import versions_of

LIBRARIES = ("gis", "PyGithub")


@dataclass(frozen=True)
class Brought:
    """What a run brought of one repository.

    Attributes:
        repository: Its name today.
        issues: Issues that were new or changed.
        comments: Comments that came with them.
        gone: Issues that vanished or moved since the last run.
    """

    repository: str
    issues: int
    comments: int
    gone: int

    def __str__(self) -> str:
        """As one line."""
        gone = f", {self.gone:,} gone" if self.gone else ""
        return f"{self.repository}: {self.issues:,} issues and {self.comments:,} comments new or changed{gone}"


def collect(store: Store, repository: Repository, source: Source, reporter: Reporter, client: Client | None) -> Brought:
    """Fill ``store`` with what ``source`` has of ``repository``.

    A page and the checkpoint behind it are one transaction: whenever this stops, the same call goes on from there.

    Raises:
        GisError: The source failed for good; what was written is kept.
    """
    key = store.repository(repository, source.name)
    last, held = store.checkpoint(key), store.count(key)
    if last is None or not source.asks <= set(last["asked"]):
        last = {"walk": None, "newest": None, "done": True}  # the last walk did not ask for all that this one does
    since = last["newest"] if last["done"] else None
    if not last["done"]:
        reporter.say(f"{repository.name}: continuing where the last run stopped")
    newest, issues, comments = last["newest"], 0, 0
    run = store.begin(key, source.name, {**versions_of(LIBRARIES), **source.about()})
    asked = sorted(source.asks)
    outcome = "stopped"
    try:
        with reporter.track(repository.name, 0, "issues") as tracker:
            for page in source.pages(repository, since, last["walk"]):
                newest = max([issue.updated_at for issue in page.issues] + ([newest] if newest else []), default=None)
                mark = {"asked": asked, "walk": page.checkpoint, "newest": newest, "done": page.done}
                store.write(key, run, replace(page, checkpoint=mark))
                issues += len(page.issues)
                comments += page.comment_count
                tracker.total = max(source.total, issues)
                tracker.advance(len(page.issues), issues / max(tracker.total, 1))
        gone = []
        if held and (listing := source.listing(repository, store.count(key))) is not None:
            gone = store.unlisted(key, listing)
        for number in gone:
            store.mark_gone(key, run, number, where_to(client, repository, number) if client else "no longer listed")
        outcome = COMPLETE
    except (NotFoundError, QueryTimeoutError, PaginationLimitError, UnknownFieldsError) as error:
        outcome = f"{type(error).__name__}: {error}"
        why = (
            "is no longer there, its issues are disabled, or access was taken"
            if isinstance(error, NotFoundError)
            else "fails"
        )
        raise GisError(f"{repository.name} {why} ({error}); all that was fetched is kept") from None
    except GisError as error:
        outcome = str(error)
        raise
    finally:
        points, requests = source.spent()
        store.end(run, outcome, {**versions_of(LIBRARIES), **source.about()}, points=points, requests=requests)
    return Brought(repository.name, issues, comments, len(gone))
