"""Which labels and states call an issue a duplicate."""

from pathlib import Path

import pytest

from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.called import called_duplicates, is_duplicate_label
from tests.dataset.stores import issue, new_store


@pytest.mark.parametrize(
    "name",
    [
        "duplicate",
        "Duplicate",
        "r: duplicate",
        "S-duplicate",
        "*duplicate",
        "kind/dup",
        "status: duplicate 🔁",
        "duplicates",
        "resolution: duplicate",
        "closed: dup",
        "closed-as-duplicate",
        "duplicado",
        "Status: Doublon",
        "重复",
    ],
)
def test_labels_that_call_an_issue_a_duplicate(name: str) -> None:
    assert is_duplicate_label(name)


@pytest.mark.parametrize(
    "name",
    [
        "potential-duplicate",
        "not a duplicate",
        "maybe dup",
        "dupont",
        "deduplication",
        "no-duplicate",
        "duplicate code",
        "is duplicate?",
        "topic: duplicate detection",
        "duplicate-detection",
        "needs-duplicate-check",
        "duplicate key",
    ],
)
def test_labels_that_do_not(name: str) -> None:
    assert not is_duplicate_label(name)


def test_a_label_or_a_state_calls_an_issue_a_duplicate(tmp_path: Path) -> None:
    issues = [issue(1), issue(2, labels=["dup"]), issue(3, closed=9000, reason="duplicate"), issue(4, labels=["bug"])]
    with Store(new_store(tmp_path, issues)) as store:
        assert called_duplicates(store, load_issues(store)) == {1, 2}
