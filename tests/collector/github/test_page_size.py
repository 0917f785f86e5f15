"""The size of pages: smaller after failures, larger after successes."""

from gis.collector.github.page_size import FEWEST_NESTED, FIRST_ISSUES, SUCCESSES_BEFORE_GROWTH, PageSize
from gis.collector.github.queries import MAX_NODES


def test_it_begins_below_the_largest_and_grows_to_it() -> None:
    size = PageSize(100)
    seen = [size.issues]
    while size.issues < 100:
        for _ in range(SUCCESSES_BEFORE_GROWTH):
            size.note_success()
        seen.append(size.issues)
    assert seen == [FIRST_ISSUES, 63, 79, 99, 100]
    assert PageSize(10).issues == 10


def test_it_halves_the_issues_and_then_what_comes_with_the_last_one() -> None:
    size = PageSize(100)
    seen = []
    while not size.is_smallest:
        size.shrink()
        seen.append((size.issues, size.nested))
    assert seen == [(25, 100), (12, 100), (6, 100), (3, 100), (1, 100), (1, 50), (1, 25), (1, 12), (1, FEWEST_NESTED)]
    size.note_success()
    assert (size.issues, size.nested) == (1, MAX_NODES)


def test_a_failure_starts_the_count_of_successes_again() -> None:
    size = PageSize(100)
    for _ in range(SUCCESSES_BEFORE_GROWTH - 1):
        size.note_success()
    size.shrink()
    size.note_success()
    assert size.issues == FIRST_ISSUES // 2
