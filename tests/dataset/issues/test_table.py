"""The issues of a store as arrays: positions, moves, labels and blocks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.table import NOBODY, NOT_CLOSED, Issues, blocks, load_issues, seconds, stamp
from tests.dataset.stores import at, fill, issue, mark_moved


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Issues 1, 2, 4 and pull request 3 of octo/widgets; issues 1 to 5 of octo/gadgets, which sorts first."""
    widgets = [issue(1, labels=["bug", "dup"]), issue(2, closed=9000, closer="ann"), issue(4, labels=["dup"])]
    fill(tmp_path / "store.db", widgets, pulls=[3])
    return fill(tmp_path / "store.db", [issue(n) for n in range(1, 6)], name="octo/gadgets", key=2)


def loaded(path: Path) -> Issues:
    with Store(path) as store:
        return load_issues(store)


GADGETS, WIDGETS = 0, 1


def test_positions_are_ordered_by_repository_and_number(path: Path) -> None:
    issues = loaded(path)
    assert len(issues) == 8
    assert [issues.name(n) for n in issues.of_repository(WIDGETS)] == [f"octo/widgets#{n}" for n in (1, 2, 4)]
    assert [issues.position(WIDGETS, n) for n in (1, 2, 3, 4)] == [5, 6, None, 7]


@pytest.mark.parametrize("number", [0, -1, 99, 2**40, 2**63])
def test_numbers_that_no_issue_has(path: Path, number: int) -> None:
    issues = loaded(path)
    assert issues.position(WIDGETS, number) is None
    assert not issues.is_pull_request(WIDGETS, number)


def test_pull_requests_are_known_by_repository(path: Path) -> None:
    issues = loaded(path)
    assert issues.is_pull_request(WIDGETS, 3)
    assert not issues.is_pull_request(GADGETS, 3)


def test_times_people_and_labels(path: Path) -> None:
    issues = loaded(path)
    assert issues.closed[5] == NOT_CLOSED
    assert issues.closer[5] == NOBODY
    assert issues.closed[6] == seconds(at(9000))
    assert issues.closer[6] == issues.people["ann"]
    assert [sorted(issues.label_names[code] for code in issues.label_codes(n)) for n in (5, 6, 7)] == [
        ["bug", "dup"],
        [],
        ["dup"],
    ]


def test_a_time_is_read_as_it_is_written() -> None:
    assert stamp(seconds("2020-02-29T12:34:56Z")) == "2020-02-29T12:34:56Z"


def test_names_and_references_lead_to_positions(path: Path) -> None:
    issues = loaded(path)
    assert issues.position_of_name("octo/Widgets#4") == 7
    assert [issues.position_of_name(name) for name in ("octo/widgets#3", "octo/none#1", "octo/widgets", "x")] == [
        None
    ] * 4
    assert issues.resolve(GADGETS, Reference("octo/widgets", 4)) == 7
    assert issues.resolve(GADGETS, Reference(None, 4)) == 3
    assert issues.resolve(GADGETS, Reference("other/place", 4)) is None


def test_a_transfer_is_followed_and_a_circle_ends(path: Path) -> None:
    mark_moved(path, "octo/widgets", 1, "octo/gadgets#4")
    assert loaded(path).position_of_name("octo/widgets#1") == 3
    mark_moved(path, "octo/gadgets", 4, "octo/widgets#1", key=2)
    assert loaded(path).position_of_name("octo/widgets#1") is None


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_blocks_cover_each_repository_evenly(path: Path, size: int) -> None:
    issues = loaded(path)
    found = list(blocks(issues, size))
    assert [n for block in found for n in block] == list(range(8))
    assert all(len(block) <= size and len({int(issues.repository[n]) for n in block}) == 1 for block in found)


def test_the_server_is_that_of_the_store(tmp_path: Path) -> None:
    assert loaded(fill(tmp_path / "a.db", [issue(1)])).names.web_url == "https://github.com"
    path = fill(tmp_path / "b.db", [issue(1)], server="https://github.example.com/api/v3")
    assert loaded(path).names.web_url == "https://github.example.com"


def test_transfers_are_followed_ten_times_in_a_row_and_no_more(path: Path) -> None:
    issues = loaded(path)
    chain = {(GADGETS, 100 + n): Reference(None, 101 + n) for n in range(9)} | {(GADGETS, 109): Reference(None, 5)}
    moved = replace(issues, moved=chain)
    assert moved.resolve(GADGETS, Reference(None, 101)) == 4
    assert moved.resolve(GADGETS, Reference(None, 100)) is None


def test_a_transfer_out_of_the_store_leads_nowhere(path: Path) -> None:
    moved = replace(loaded(path), moved={(WIDGETS, 9): Reference("other/place", 4)})
    assert moved.resolve(WIDGETS, Reference(None, 9)) is None


def test_each_repository_has_its_own_range_of_positions(path: Path) -> None:
    issues = loaded(fill(path, [issue(1)], name="octo/things", key=3))
    assert [issues.of_repository(n) for n in range(3)] == [range(5), range(5, 6), range(6, 9)]
    assert len(issues) == 9


@pytest.mark.parametrize(("size", "lengths"), [(2, [1, 2, 2, 1, 2]), (3, [2, 3, 3]), (4, [2, 3, 3]), (5, [5, 3])])
def test_blocks_are_of_nearly_equal_length(path: Path, size: int, lengths: list[int]) -> None:
    assert [len(block) for block in blocks(loaded(path), size)] == lengths


def test_an_empty_repository_is_one_empty_block(path: Path) -> None:
    issues = loaded(fill(path, [], name="octo/empty", key=3))
    assert sorted(map(len, blocks(issues, 100))) == [0, 3, 5]


def test_numbers_at_the_edges_are_found(path: Path) -> None:
    issues = replace(loaded(path), number=np.array([1, 2, 3, 4, 2**40 - 1, 1, 2, 2**40 - 1]))
    assert [issues.position(GADGETS, n) for n in (0, 1, 5, 2**40 - 1, 2**40)] == [None, 0, None, 4, None]
    assert [issues.position(WIDGETS, n) for n in (0, 1, 5, 2**40 - 1, 2**40)] == [None, 5, None, 7, None]
