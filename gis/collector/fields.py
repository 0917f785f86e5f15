"""The one reader of what sources give: each field of a JSON object is checked before anything is made of it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from gis.collector.repositories import is_repository_name
from gis.errors import GisError
from gis.masking import masked
from gis.text import whole_characters

LARGEST_ID = 2**53  # beyond it, JSON's numbers are no longer exact
LARGEST_ISSUE_NUMBER = 2**31 - 1  # GraphQL's type Int
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)  # as GitHub writes it
LOGIN = re.compile(r"[A-Za-z0-9_.-]{1,100}(?:\[bot\])?")
WORD = re.compile(r"[A-Za-z_]{1,40}")  # a member of one of GitHub's enumerations
DIGITS = re.compile(r"[0-9]{1,20}")
SHOWN_CHARACTERS = 40  # of a value, in messages


class FieldError(GisError):
    """A field is missing or cannot be what it says; the message names it.

    Args:
        message: What is wrong, with the name of the field.
        field: The name alone; "" where it is the object itself.
    """

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.field = field


class Fields:
    """The fields of one JSON object; a field that is null counts as missing where it may be.

    Args:
        row: The object.
        path: Its own name with a dot behind it, for messages; "" for the outermost.

    Every method raises a ``FieldError`` for a field that is not what it should be.
    """

    __slots__ = ("_path", "row")

    def __init__(self, row: Mapping[str, Any], path: str = "") -> None:
        self.row = row
        self._path = path

    @classmethod
    def of(cls, value: object, name: str, path: str = "") -> Self:
        """Return the fields of a JSON value, which must be an object; ``name`` is what messages call it."""
        if not isinstance(value, Mapping):
            raise FieldError(f"{name} is {_kind(value)}, expected an object", field=path.rstrip("."))
        return cls(value, path)

    def text(self, name: str) -> str:
        """Return a text; half of a character in it becomes U+FFFD."""
        return whole_characters(self._characters(name))

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None."""
        return None if self.row.get(name) is None else self.text(name)

    def word(self, name: str, default: str | None = None) -> str:
        """Return a member of one of GitHub's enumerations."""
        if default is not None and self.row.get(name) is None:
            return default
        return self._matching(name, WORD, "a word of GitHub's")

    def word_or_none(self, name: str) -> str | None:
        """Return a member of an enumeration in lower case; None for null and an empty text."""
        return None if self.row.get(name) in (None, "") else self.word(name).lower()

    def state(self, name: str) -> str:
        """Return "open" or "closed"."""
        value = self.text(name).lower()
        if value not in ("open", "closed"):
            raise self.error(name, f"is {_shown(value)}, expected open or closed")
        return value

    def login(self, name: str) -> str:
        """Return the login of an account."""
        return self._matching(name, LOGIN, "a login")

    def repository(self, name: str) -> str:
        """Return the OWNER/NAME of a repository."""
        value = self.text(name)
        if not is_repository_name(value):
            raise self.error(name, f"is {_shown(value)}, not OWNER/NAME")
        return value

    def time(self, name: str) -> str:
        """Return a time as GitHub writes it, in UTC."""
        value = self._characters(name)
        try:
            moment = datetime.fromisoformat(value)
            if TIME.fullmatch(value):
                return value
            moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.error(name, f"is {_shown(value)}, not a time") from error
        return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"

    def time_or_none(self, name: str) -> str | None:
        """Return a time, or None."""
        return None if self.row.get(name) is None else self.time(name)

    def number(self, name: str, *, default: int | None = None, lowest: int = 0, highest: int = LARGEST_ID) -> int:
        """Return a whole number; GraphQL writes large ones as text."""
        value = self.row.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(name, f"is {self._kind(name)}, expected an integer")
        if not lowest <= value <= highest:
            raise self.error(name, "is not a number that GitHub uses")
        return value

    def number_or_none(self, name: str) -> int | None:
        """Return a whole number, or None."""
        return None if self.row.get(name) is None else self.number(name)

    def large_number(self, name: str, *, default: int | None = None) -> int:
        """Return a whole number of GraphQL's type BigInt, which is a text of digits."""
        value = self.row.get(name)
        if isinstance(value, str) and DIGITS.fullmatch(value):
            return Fields({name: int(value)}, self._path).number(name)
        return self.number(name, default=default)

    def issue_number(self, name: str) -> int:
        """Return the number of an issue or pull request."""
        return self.number(name, lowest=1, highest=LARGEST_ISSUE_NUMBER)

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """Return true or false."""
        value = self.row.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise self.error(name, f"is {self._kind(name)}, expected true or false")
        return value

    def object(self, name: str) -> "Fields":
        """Return the fields of an object."""
        value = self.row.get(name)
        if not isinstance(value, Mapping):
            raise self.error(name, f"is {self._kind(name)}, expected an object")
        return Fields(value, f"{self._path}{name}.")

    def object_or_none(self, name: str) -> "Fields | None":
        """Return the fields of an object, or None."""
        return None if self.row.get(name) is None else self.object(name)

    def items(self, name: str) -> Sequence[Any]:
        """Return a list; null is an empty one."""
        value = self.row.get(name)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self.error(name, f"is {self._kind(name)}, expected a list")
        return value

    def labels(self, name: str) -> tuple[str, ...]:
        """Return the names in a list of labels, each an object with a name, or the name itself."""
        return tuple(
            whole_characters(label)
            if isinstance(label, str)
            else Fields.of(label, f"a label in {self._path}{name}", f"{self._path}{name}.").text("name")
            for label in self.items(name)
            if label is not None
        )

    def as_json(self) -> str:
        """Return the whole object as JSON."""
        try:
            return whole_characters(json.dumps(self.row, ensure_ascii=False))
        except RecursionError:
            raise FieldError("it is nested too deeply") from None

    def _characters(self, name: str) -> str:
        value = self.row.get(name)
        if not isinstance(value, str):
            raise self.error(name, f"is {self._kind(name)}, expected text")
        return value

    def _matching(self, name: str, pattern: re.Pattern[str], kind: str) -> str:
        value = self._characters(name)
        if not pattern.fullmatch(value):
            raise self.error(name, f"is {_shown(value)}, not {kind}")
        return value

    def error(self, name: str, problem: str) -> FieldError:
        """Return the error for a field with a problem."""
        field = f"{self._path}{name}"
        return FieldError(f"the field {field} {problem}", field=field)

    def _kind(self, name: str) -> str:
        if name not in self.row:
            return "missing"
        value = self.row[name]
        return "null" if value is None else f"of the type {_kind(value)}"


def text_in(row: Mapping[str, Any], name: str) -> str:
    """Return a text of an object; "" for anything else, where only its look matters."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def objects(items: Sequence[Any], name: str, path: str = "") -> Iterator[Fields]:
    """Yield the fields of each object of a list, without nulls."""
    return (Fields.of(item, name, path) for item in items if item is not None)


def _shown(value: str) -> str:
    """Return the beginning of a value; masked first, as half a token would be unknown."""
    return repr(masked(value)[:SHOWN_CHARACTERS])


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__
