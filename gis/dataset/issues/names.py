"""Which repository a name means, and how an issue of it is spelled."""

from collections.abc import Mapping
from dataclasses import dataclass

from gis.collector.records import Reference


@dataclass(frozen=True)
class Names:
    """Repositories by index.

    Attributes:
        repositories: OWNER/NAME of each, as it is today.
        homes: Index by lower-case name, old names included.
    """

    repositories: tuple[str, ...]
    homes: Mapping[str, int]

    def home(self, reference: Reference, repository: int) -> int | None:
        """The index that a reference typed in ``repository`` means; None where that was not collected.

        A repository of the same name with another owner, which was not collected, is taken for a former name of this
        one: owners change, and old addresses stay in the comments. (GitHub's own marks always have the name of today.)
        """
        if reference.repository is None:
            return repository
        name = reference.repository.lower()
        if name not in self.homes and name.partition("/")[2] == self.repositories[repository].lower().partition("/")[2]:
            return repository
        return self.homes.get(name)

    def spelled(self, reference: Reference, repository: int) -> str:
        """OWNER/NAME#N, under the name that the repository has today."""
        home = self.home(reference, repository)
        return f"{reference.repository if home is None else self.repositories[home]}#{reference.number}"
