"""What a collector reads from: the protocol that GitHub and dumps fulfil, and the errors it may raise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from gis.collector.records import Page, Repository


class Source(Protocol):
    """Where a repository's issues come from."""

    name: ClassVar[str]
    total: int
    asks: frozenset[str]  # what it asks for: a walk that asks for more begins anew

    def about(self) -> Mapping[str, Any]:
        """What one must know to ask the same again: addresses, versions, queries."""
        ...

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed at or after ``since``, oldest change first, from where ``checkpoint`` says.

        ``checkpoint`` is that of the last page written, of this walk or of one that came to its end ("done").
        """
        ...

    def listing(self, repository: Repository, known: int) -> Iterator[Sequence[int]] | None:
        """The numbers of all issues there; None where it cannot tell, or where none of so many can be gone."""
        ...

    def spent(self) -> tuple[int, int]:
        """Points and requests since this was last asked."""
        ...


class QueryTimeoutError(Exception):
    """The server could not make the answer in time; a smaller page may pass."""


class NotFoundError(Exception):
    """What was asked for is not there: 404, 410, or hidden from this account."""


class PaginationLimitError(Exception):
    """The server lists no page this far from the first: 422."""


class UnknownFieldsError(Exception):
    """The server, an older one, does not know some fields.

    Args:
        fields: Their names, as "Type.field"; arguments as "field(argument)".
    """

    def __init__(self, fields: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = fields
