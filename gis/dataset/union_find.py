"""Things that belong together, by union-find."""

from collections import defaultdict
from collections.abc import Iterable


class Groups:
    """Disjoint sets of positions; what was never joined is a group of its own."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._size: dict[int, int] = {}

    def copy(self) -> "Groups":
        """The same groups, to be joined further."""
        other = Groups()
        other._parent, other._size = dict(self._parent), dict(self._size)
        return other

    def find(self, item: int) -> int:
        """The root of an item's group."""
        parent = self._parent
        while parent.get(item, item) != item:
            parent[item] = parent.get(parent[item], parent[item])
            item = parent[item]
        return item

    def size(self, root: int) -> int:
        """How many items a root's group has."""
        return self._size.get(root, 1)

    def join(self, one: int, other: int) -> None:
        """Make two groups one."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        if self.size(one) < self.size(other):
            one, other = other, one
        self._parent[other] = one
        self._size[one] = self.size(one) + self.size(other)

    def groups(self, items: Iterable[int]) -> list[list[int]]:
        """The groups of ``items``, each ascending, by their lowest item."""
        found: dict[int, list[int]] = defaultdict(list)
        for item in sorted(items):
            found[self.find(item)].append(item)
        return list(found.values())
