"""Pages of GraphQL's connections: checked, and followed only as long as their cursors move."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gis.collector.fields import Fields


class NodePage(NamedTuple):
    """A page of a connection.

    Attributes:
        nodes: Its nodes as JSON values; null where GitHub withheld one.
        end: The cursor of the last node, where the next page begins.
        more: Whether there is a next page.
        total: How many nodes the connection has; 0 where that was not asked.
    """

    nodes: Sequence[Any]
    end: str | None
    more: bool
    total: int


class Cursors:
    """The cursors of a walk, each of which must be a new one.

    Args:
        start: Where the walk begins; None for its first page.
    """

    def __init__(self, start: str | None = None) -> None:
        self._seen: set[str | None] = {start}

    def read_page(self, parent: Fields, name: str) -> NodePage:
        """Return the page of a connection.

        Raises:
            FieldError: It is malformed, or claims that more follows without saying where.
        """
        connection = parent.object(name)
        info = connection.object("pageInfo")
        nodes, end, more = connection.items("nodes"), info.text_or_none("endCursor"), info.flag("hasNextPage")
        if more and (end is None or end in self._seen or not nodes):
            raise info.error("endCursor", "does not move, although hasNextPage says that there is more")
        self._seen.add(end)
        return NodePage(nodes, end, more, connection.number("totalCount", default=0))
