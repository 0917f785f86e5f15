"""Collect repositories: continue where the last run stopped, fetch what changed, and note what was removed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gis.collector.fields import FieldError
from gis.collector.progress import Progress
from gis.collector.records import LeftOut
from gis.collector.source import (
    ListsResponses,
    NotFoundError,
    PaginationLimitError,
    QueryTimeoutError,
    Source,
    SourceUnusableError,
    UnknownFieldsError,
)
from gis.collector.store import COMPLETE, STOPPED
from gis.collector.store_writer import StoreWriteError, StoreWriter
from gis.console import QUIET, Reporter
from gis.errors import CombinedError, GisError
from gis.versions import versions_of

EVERYTHING_IS_KEPT = "everything fetched so far is kept"
LIBRARIES = ("gis", "PyGithub")  # whose versions a run records


@dataclass(frozen=True)
class CollectReport:
    """What a run brought of one repository.

    Attributes:
        repository: Its current name.
        issues: New and changed issues.
        comments: Comments on these issues.
        removed: Issues that were deleted, moved or hidden since the last run.
        left_out: Issues, comments and events that could not be read.
    """

    repository: str
    issues: int
    comments: int
    removed: int
    left_out: tuple[LeftOut, ...] = ()

    def __str__(self) -> str:
        """Return the report as one line."""
        removed = f", {self.removed:,} removed" if self.removed else ""
        left_out = f", {len(self.left_out):,} left out" if self.left_out else ""
        return (
            f"{self.repository}: {self.issues:,} issues and {self.comments:,} comments new or changed"
            f"{removed}{left_out}"
        )


class PartlyCollectedError(CombinedError):
    """Some of several repositories could not be collected.

    Args:
        failures: The error of each of them.
        reports: What the run brought of the others.
    """

    def __init__(self, failures: Sequence[GisError], reports: Sequence[CollectReport]) -> None:
        super().__init__(failures)
        self.reports = tuple(reports)


def collect_all(store: StoreWriter, sources: Sequence[Source], *, reporter: Reporter = QUIET) -> list[CollectReport]:
    """Fill a store from several sources, one after the other.

    Args:
        store: The store to fill (``StoreWriter.open``).
        sources: Repositories on GitHub (``Connection.source``) and dumps (``DumpSource``).
        reporter: Shows progress and what each source brought.

    Returns:
        A report for each source, in order.

    Raises:
        PartlyCollectedError: Some sources failed; the others were collected.
        SourceUnusableError: The account is refused or a limit of the run is reached; the run stopped there.
        StoreWriteError: The store cannot be written; the run stopped there.
    """
    reports: list[CollectReport] = []
    failures: list[GisError] = []
    for source in sources:
        try:
            report = collect(store, source, reporter=reporter)
        except (SourceUnusableError, StoreWriteError):  # the next source would fail alike
            raise
        except GisError as error:
            failures.append(error)
            if len(sources) > 1:
                reporter.warn(str(error))
        else:
            reports.append(report)
            reporter.say(str(report))
    if failures:
        raise PartlyCollectedError(failures, reports)
    return reports


def collect(store: StoreWriter, source: Source, *, reporter: Reporter = QUIET) -> CollectReport:
    """Bring one repository into a store, or bring it up to date.

    Each page is stored together with the point to continue from, in one transaction: whenever this is stopped, the
    same call continues from there.

    Args:
        store: The store to fill (``StoreWriter.open``).
        source: The repository.
        reporter: Shows progress.

    Returns:
        What the run brought.

    Raises:
        GisError: The source failed for good, and everything fetched so far is kept; or it is of another server than
            what the store holds.
    """
    repository = source.repository
    server = source.provenance().get("server")
    if server is not None:
        store.check_server(server)
    key = store.repository(repository, source.kind)
    stored = store.count(key)
    with _recorded_run(store, key, source) as run:
        report = _fetch_changes(store, key, run, source, reporter)
        removed = _mark_removed(store, key, run, source) if stored else 0
        if isinstance(source, ListsResponses):
            for responses in source.responses(store.suggesting_comments(key), store.suggestible_issues(key)):
                store.write_responses(key, run, responses, source.take_usage())
    return replace(report, removed=removed)


@contextmanager
def _recorded_run(store: StoreWriter, key: int, source: Source) -> Iterator[int]:
    """Record a run and how it ended; errors of the source become ones that a person can act on."""
    run = store.begin(key, source.kind, {**versions_of(LIBRARIES), **source.provenance()})
    outcome = STOPPED
    try:
        yield run
        outcome = COMPLETE
    except (FieldError, NotFoundError, PaginationLimitError, QueryTimeoutError, UnknownFieldsError) as error:
        outcome = f"{type(error).__name__}: {error}"
        problem = (
            "no longer exists, has its issues disabled, or may no longer be read"
            if isinstance(error, NotFoundError)
            else "cannot be read"
        )
        raise GisError(f"{source.repository.name} {problem} ({error}); {EVERYTHING_IS_KEPT}") from None
    except GisError as error:
        outcome = str(error)
        raise type(error)(f"{error}; {EVERYTHING_IS_KEPT}", remedy=error.remedy) from error
    finally:
        # the queries may have changed on the way: fields that the server lacks are left out
        store.end(run, outcome, {**versions_of(LIBRARIES), **source.provenance()}, source.take_usage())


def _fetch_changes(store: StoreWriter, key: int, run: int, source: Source, reporter: Reporter) -> CollectReport:
    """Store every page of the source, and return what it brought."""
    name = source.repository.name
    progress = store.progress(key)
    if progress is None or not source.capabilities <= progress.capabilities:
        progress = Progress(capabilities=source.capabilities)
    if not progress.done:
        reporter.say(f"{name}: continuing where the last run stopped")
    since = progress.newest_change if progress.done else None
    if since is None and progress.walk is None:
        store.forget_left_out(key)
    progress = replace(progress, capabilities=source.capabilities)
    report = CollectReport(name, 0, 0, 0)
    with reporter.track(name, 0, "issues") as tracker:
        for page in source.pages(since, progress.walk):
            times = [issue.updated_at for issue in page.issues]
            newest = max([*times, progress.newest_change or ""]) or None
            progress = replace(progress, walk=page.resume_point, newest_change=newest, done=page.done)
            store.write(key, run, page, progress)
            report = replace(
                report,
                issues=report.issues + len(page.issues),
                comments=report.comments + page.comment_count,
                left_out=report.left_out + page.left_out,
            )
            tracker.total = max(source.expected_issues, report.issues)
            tracker.advance(len(page.issues), report.issues / max(tracker.total, 1))
    return report


def _mark_removed(store: StoreWriter, key: int, run: int, source: Source) -> int:
    """Note what became of each stored issue that the repository no longer lists, and return their number."""
    numbers = source.issue_numbers(store.count(key))
    if numbers is None:
        return 0
    missing = store.missing_from(key, numbers)
    for number in missing:
        store.mark_removed(key, run, number, source.fate_of(number))
    return len(missing)
