"""Older servers are asked without the fields that they lack."""

from pathlib import Path

import pytest

from gis.collector.store import Store
from tests.collector.github.runs import rows, run
from tests.collector.server import GitHub

pytestmark = pytest.mark.slow


def test_an_older_server_is_asked_without_what_it_lacks(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.lacking = frozenset({"Issue.duplicateOf", "ClosedEvent.duplicateOf", "Issue.pendingSuggestions"})
    run(github, tmp_path / "store.db")
    warnings = capsys.readouterr().err
    assert warnings.count("lacks ClosedEvent.duplicateOf, Issue.duplicateOf") == 1
    assert len(rows(tmp_path / "store.db")["issues"]) == 150
    with Store(tmp_path / "store.db") as store:
        assert "duplicateOf" not in str(store.runs()[0]["about"])  # the queries that were asked


def test_a_server_without_the_argument_is_asked_for_the_field(github: GitHub, tmp_path: Path) -> None:
    github.lacking = frozenset({"stateReason(enableDuplicate)", "Issue.fullDatabaseId", "IssueComment.fullDatabaseId"})
    run(github, tmp_path / "older.db")
    github.lacking = frozenset()
    run(github, tmp_path / "new.db")
    assert rows(tmp_path / "older.db") == rows(tmp_path / "new.db")
    assert {row[7] for row in rows(tmp_path / "older.db")["issues"]} == {"completed", "not_planned", None}
