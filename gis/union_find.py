"""Disjoint sets by union-find: the connected parts of whatever is joined in pairs."""

from collections import defaultdict
from collections.abc import Iterable


class DisjointSets:
    """Disjoint sets of integers; an item that was never joined is a set of its own."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._size: dict[int, int] = {}

    def copy(self) -> "DisjointSets":
        """Return an independent copy, to be joined further."""
        other = DisjointSets()
        other._parent, other._size = dict(self._parent), dict(self._size)
        return other

    def find(self, item: int) -> int:
        """Return the root of the set that ``item`` is in; two items are in one set if their roots are equal."""
        parent = self._parent
        while parent.get(item, item) != item:
            parent[item] = parent.get(parent[item], parent[item])
            item = parent[item]
        return item

    def size(self, root: int) -> int:
        """Return the number of items in the set with this root."""
        return self._size.get(root, 1)

    def join(self, one: int, other: int) -> None:
        """Merge the sets of two items."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        if self.size(one) < self.size(other):
            one, other = other, one
        self._parent[other] = one
        self._size[one] = self.size(one) + self.size(other)

    def groups(self, items: Iterable[int]) -> list[list[int]]:
        """Divide ``items`` by set: each group ascending, the groups ordered by their lowest item."""
        by_root: dict[int, list[int]] = defaultdict(list)
        for item in sorted(items):
            by_root[self.find(item)].append(item)
        return list(by_root.values())
