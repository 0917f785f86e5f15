"""GraphQL on servers of any age: fields that a server does not know are left out from then on."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gis.collector.fields import Fields
from gis.collector.github.client import Client
from gis.collector.github.queries import OPTIONAL_FIELDS
from gis.collector.source import UnknownFieldsError
from gis.console import Reporter
from gis.errors import GisError

QueryMaker = Callable[[Collection[str]], str]  # from the fields to leave out, a GraphQL document


class AdaptiveClient:
    """Runs GraphQL queries, leaving out optional fields that the server turns out to lack.

    Args:
        client: Sends the requests.
        reporter: Warned once about each field that the server lacks.

    Attributes:
        client: As above.
        lacking: The fields that the server is known to lack, a subset of ``OPTIONAL_FIELDS``.
    """

    def __init__(self, client: Client, reporter: Reporter) -> None:
        self.client = client
        self.lacking: frozenset[str] = frozenset()
        self._reporter = reporter

    def run(self, make_query: QueryMaker, variables: Mapping[str, Any], *, shrinkable: bool = False) -> Fields:
        """Run a query, and again without the optional fields that the server reports as unknown.

        Args:
            make_query: Makes the document; its argument is ``lacking``.
            variables: The query's variables.
            shrinkable: As for ``Client.graphql``.

        Returns:
            The answer, as ``Client.graphql`` returns it.

        Raises:
            GisError: The server lacks a field that the query cannot do without; or as ``Client.graphql``.
        """
        while True:
            query = make_query(self.lacking)
            try:
                return self.client.graphql(query, variables, shrinkable=shrinkable)
            except UnknownFieldsError as error:
                unknown = error.fields & (OPTIONAL_FIELDS - self.lacking)
                if not unknown or make_query(self.lacking | unknown) == query:
                    raise GisError(f"this GitHub server lacks {error}", remedy="try --api rest") from None
                self.lacking |= unknown
                self._reporter.warn(
                    f"this GitHub server lacks {', '.join(sorted(unknown))}; continuing without these fields"
                )
