"""Collecting from sources in memory: what is kept, what is resumed, and which failures stop the others."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gis.collector.collect import CollectReport, PartlyCollectedError, collect, collect_all
from gis.collector.fields import Fields
from gis.collector.github.rest_rows import issue_from_row
from gis.collector.records import Issue, Page, Repository, Usage
from gis.collector.source import NotFoundError, SourceKind, SourceUnusableError
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError
from tests.collector.world import made

ISSUES = tuple(issue_from_row(Fields(row)) for row in made(4).issues.values())


class MemorySource:
    """One issue a page; fails before a page if told so."""

    kind: ClassVar[SourceKind] = "graphql"

    def __init__(
        self,
        name: str = "octo/widgets",
        issues: Sequence[Issue] = ISSUES,
        *,
        fails_at: int | None = None,
        error: Exception | None = None,
        capabilities: tuple[str, ...] = ("graphql",),
    ) -> None:
        self.repository = Repository(name, sum(map(ord, name)), name)
        self.capabilities = frozenset(capabilities)
        self.expected_issues = len(issues)
        self.calls: list[tuple[str | None, Any]] = []
        self._issues = issues
        self._fails_at, self._error = fails_at, error or GisError("the cable broke", remedy="mend it")

    def provenance(self) -> Mapping[str, Any]:
        return {}

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:
        self.calls.append((since, resume_from))
        start = 0 if resume_from is None else resume_from["at"] % len(self._issues)
        for n, issue in enumerate(self._issues[start:], start):
            if n == self._fails_at:
                raise self._error
            done = n + 1 == len(self._issues)
            yield Page(resume_point={"at": n + 1}, done=done, issues=(issue,), usage=Usage(1, 2))

    def issue_numbers(self, known: int) -> Iterator[Sequence[int]] | None:
        return None if known <= len(self._issues) else iter([[issue.number for issue in self._issues]])

    def fate_of(self, number: int) -> str:
        return f"{number} was eaten"

    def take_usage(self) -> Usage:
        return Usage(0, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    with StoreWriter.open(tmp_path / "store.db") as opened:
        yield opened


def test_a_run_that_stops_continues_where_it_was(store: StoreWriter) -> None:
    with pytest.raises(GisError, match="the cable broke; everything fetched so far is kept") as caught:
        collect(store, MemorySource(fails_at=2))
    assert caught.value.remedy == "mend it"
    source = MemorySource()
    assert collect(store, source) == CollectReport("octo/widgets", issues=2, comments=0, removed=0)
    assert source.calls == [(None, {"at": 2})]
    (status,) = store.status()
    assert (status.issues, status.complete, status.points, status.requests) == (4, True, 4, 10)
    assert [run["outcome"] for run in store.runs()] == ["the cable broke", "complete"]


def test_the_next_run_asks_for_what_changed_since_the_newest_change(store: StoreWriter) -> None:
    collect(store, MemorySource())
    source = MemorySource()
    collect(store, source)
    assert source.calls == [(max(issue.updated_at for issue in ISSUES), {"at": 4})]


def test_a_source_that_can_bring_more_starts_over(store: StoreWriter) -> None:
    collect(store, MemorySource())
    more = MemorySource(capabilities=("graphql", "first bodies"))
    collect(store, more)
    less = MemorySource()
    collect(store, less)
    assert more.calls == [(None, None)]
    assert less.calls[0][0] is not None


def test_issues_that_are_no_longer_listed_are_marked_with_their_fate(store: StoreWriter) -> None:
    collect(store, MemorySource())
    report = collect(store, MemorySource(issues=ISSUES[1:]))
    assert str(report).endswith(", 1 removed")
    removed = store.rows("SELECT number, gone FROM issues WHERE gone IS NOT NULL")
    assert removed == [(ISSUES[0].number, f"{ISSUES[0].number} was eaten")]


def test_a_repository_that_vanishes_is_named(store: StoreWriter) -> None:
    with pytest.raises(GisError, match=r"octo/widgets no longer exists, .* \(404\); everything fetched so far is kept"):
        collect(store, MemorySource(fails_at=1, error=NotFoundError("404")))
    assert store.runs()[0]["outcome"] == "NotFoundError: 404"


def test_one_source_that_fails_does_not_stop_the_others(store: StoreWriter, capsys: pytest.CaptureFixture[str]) -> None:
    sources = [MemorySource("octo/broken", fails_at=0), MemorySource("octo/whole")]
    with pytest.raises(PartlyCollectedError, match="the cable broke") as caught:
        collect_all(store, sources)
    assert caught.value.for_command_line == "the cable broke; everything fetched so far is kept; mend it"
    assert [report.repository for report in caught.value.reports] == ["octo/whole"]
    assert "warning: the cable broke" in capsys.readouterr().err


def test_an_account_that_is_refused_stops_all(store: StoreWriter) -> None:
    refused = MemorySource("octo/first", fails_at=0, error=SourceUnusableError("refused"))
    other = MemorySource("octo/second")
    with pytest.raises(SourceUnusableError, match="refused"):
        collect_all(store, [refused, other])
    assert other.calls == []


def test_all_sources_are_reported_in_order(store: StoreWriter) -> None:
    reports = collect_all(store, [MemorySource("octo/a"), MemorySource("octo/b")])
    assert [report.repository for report in reports] == ["octo/a", "octo/b"]
