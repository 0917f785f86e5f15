"""The protocol that every source of issues fulfils, and the errors that a source may raise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from gis.collector.records import Asked, Page, Repository, Response, Usage
from gis.errors import GisError

SourceKind = Literal["graphql", "rest", "dump", "archive"]


class Source(Protocol):
    """One repository, as it can be read from GitHub or from a dump.

    Attributes:
        kind: How the repository is read.
        expected_issues: The number of issues that the walk will bring, as far as is known; 0 before it begins.
        capabilities: Names of what the source can bring. A walk that can bring something that the last one could not
            starts from the beginning.
    """

    kind: ClassVar[SourceKind]
    expected_issues: int
    capabilities: frozenset[str]

    @property
    def repository(self) -> Repository:
        """Return the repository under its current name; the first use may ask the server.

        Raises:
            GisError: The repository does not exist, or may not be read.
        """
        ...

    def provenance(self) -> Mapping[str, Any]:
        """Return what is needed to repeat the run: the server, if it is known, and the queries or the files."""
        ...

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield what changed at or after ``since``, page by page; every page says where to continue after it.

        Args:
            since: ISO 8601, UTC; None for everything. It counts only at the beginning of a walk.
            resume_from: The ``resume_point`` of the last page that was stored: of a walk that was stopped, or of one
                that was completed; None before the first.

        Raises:
            GisError: The source refuses or fails for good, or a limit of the run is reached.
            NotFoundError: The repository no longer exists.
        """
        ...

    def issue_numbers(self, known: int) -> Iterator[Sequence[int]] | None:
        """Return the numbers of all issues that the repository has, in parts.

        Args:
            known: How many issues are stored.

        Returns:
            None if the source cannot list them, or if there are as many as ``known``, so that none can be missing.
        """
        ...

    def fate_of(self, number: int) -> str:
        """Return what became of an issue that the repository no longer lists, such as "deleted"."""
        ...

    def take_usage(self) -> Usage:
        """Return what was spent since the last call."""
        ...


@runtime_checkable
class ListsResponses(Protocol):
    """A source that knows what people answered to suggestions of duplicates."""

    def responses(self, comments: Sequence[Asked], issues: Sequence[Asked]) -> Iterator[Sequence[Response]]:
        """Yield, in parts, what people answered to suggestions: it changes without the issue that it is about.

        Args:
            comments: Comments whose reactions are counted.
            issues: Issues whose suggestions to close them as duplicates are listed.
        """
        ...


class SourceUnusableError(GisError):
    """No other repository can be read either: the account is refused, or the run has spent all that it may."""


class NotFoundError(Exception):
    """The server has no such thing, or hides it from this account: status 404, 410 or 451."""


class PaginationLimitError(Exception):
    """The server does not list a page that is this far from the first: status 422."""


class QueryTimeoutError(Exception):
    """The server could not answer in time; a smaller page may succeed."""


class UnknownFieldsError(Exception):
    """The server, an older one, does not know some fields of a query.

    Args:
        fields: The fields as "Type.field", and arguments as "field(argument)".
    """

    def __init__(self, fields: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = fields
