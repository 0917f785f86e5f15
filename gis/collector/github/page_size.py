"""How many issues to request at a time."""

from gis.collector.github.queries import MAX_NODES

FIRST_ISSUES = 50  # GitHub often fails on a hundred under load
GROWTH = 1.25  # factor by which pages grow again
SUCCESSES_BEFORE_GROWTH = 4
FEWEST_NESTED = 10


class PageSize:
    """The size of the pages of a walk: smaller after each failure, larger after several successes.

    Args:
        largest: Maximum issues per page.

    Attributes:
        issues: Issues on the next page.
        nested: Comments, events and labels that come with each issue.
    """

    def __init__(self, largest: int) -> None:
        self.issues = min(FIRST_ISSUES, largest)
        self.nested = MAX_NODES
        self._largest = largest
        self._successes = 0

    @property
    def is_smallest(self) -> bool:
        """Return whether the page cannot be made any smaller."""
        return self.issues == 1 and self.nested == FEWEST_NESTED

    def shrink(self) -> None:
        """Halve the issues, or what comes with the last one."""
        self._successes = 0
        if self.issues > 1:
            self.issues //= 2
        else:
            self.nested = max(self.nested // 2, FEWEST_NESTED)

    def note_success(self) -> None:
        """Grow after a number of successes in a row."""
        self.nested = MAX_NODES
        self._successes += 1
        if self._successes == SUCCESSES_BEFORE_GROWTH:
            self.issues = min(int(self.issues * GROWTH) + 1, self._largest)
            self._successes = 0
