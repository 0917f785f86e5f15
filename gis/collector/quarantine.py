"""What does not pass the reader is left out: counted, named, and handed to the store page by page."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

from gis.collector.fields import LARGEST_ISSUE_NUMBER, FieldError, Fields
from gis.collector.records import LeftOut
from gis.console import QUIET, Reporter
from gis.errors import GisError

NAMED_REASONS = 20  # different reasons for which something is named; of one reason, the first is
LONGEST_PLACE = 40
NUMBER_AT_END = re.compile(r"/([0-9]{1,10})$")
Record = TypeVar("Record")


class Quarantine:
    """Reads what a source gives, and keeps count of what cannot be read.

    Args:
        reporter: Warned about the first of each reason.

    Attributes:
        count: How much was left out.
    """

    def __init__(self, reporter: Reporter = QUIET) -> None:
        self.count = 0
        self._reporter = reporter
        self._reasons: Counter[str] = Counter()
        self._since_last_page: list[LeftOut] = []

    def read(
        self, reader: Callable[[Fields], Record], value: object, place: str, name: str = "", *, number: int = 0
    ) -> Record | None:
        """Return what ``reader`` makes of a JSON value, or None if it does not pass.

        Args:
            reader: Makes a record of the fields of an object.
            value: Any JSON value.
            place: What it is, for messages.
            name: What messages call it in full; ``place`` if it is empty.
            number: The number of the issue that it belongs to; 0 to look for it in the value.
        """
        try:
            return reader(Fields.of(value, "it"))
        except FieldError as error:
            self.leave_out(error, place, number=number or number_in(value), name=name)
            return None

    def leave_out(self, error: GisError, place: str, *, number: int = 0, name: str = "") -> None:
        """Count something that cannot be read; the first of each reason is named."""
        reason = str(error)
        self.count += 1
        self._since_last_page.append(LeftOut(number, place, getattr(error, "field", ""), reason))
        kind = re.sub(r"\d+", "N", reason)
        self._reasons[kind] += 1
        if self._reasons[kind] == 1 and len(self._reasons) <= NAMED_REASONS:
            self._reporter.warn(f"{name or place}: left out: {reason}")

    def take(self) -> tuple[LeftOut, ...]:
        """Return what was left out since the last call."""
        left_out = tuple(self._since_last_page)
        self._since_last_page.clear()
        return left_out

    @property
    def most_common_reason(self) -> str | None:
        """The reason for which most was left out, if anything was."""
        return max(self._reasons, key=self._reasons.__getitem__, default=None)

    def summarize(self, name: str, unit: str) -> None:
        """Report how much more was left out for the reasons that were named, and begin a new count.

        Args:
            name: What was read: a file or a repository.
            unit: What its parts are called, as a plural.
        """
        for reason, count in self._reasons.items():
            if count > 1:
                self._reporter.warn(f"{name}: {count - 1:,} more {unit} were left out alike: {reason}")
        self._reasons.clear()


def number_in(value: object) -> int:
    """Return the number of the issue that a JSON object is or belongs to; 0 where it does not say."""
    if not isinstance(value, Mapping):
        return 0
    issue, address = value.get("issue"), value.get("issue_url")
    numbers = (
        value.get("number"),
        value.get("issue_number"),
        issue.get("number") if isinstance(issue, Mapping) else None,
        int(match[1]) if isinstance(address, str) and (match := NUMBER_AT_END.search(address)) else None,
    )
    return next((n for n in numbers if type(n) is int and 0 < n <= LARGEST_ISSUE_NUMBER), 0)


def named(kind: str, identity: object) -> str:
    """Return what to call a part of an issue: its kind, and its number or ID if it has one."""
    return f"{kind} {identity}"[:LONGEST_PLACE] if isinstance(identity, int | str) else kind
