"""Which collected repository a name means, and the one way to write an issue's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gis.collector.records import Reference
from gis.collector.servers import GITHUB


@dataclass(frozen=True)
class RepositoryNames:
    """The collected repositories by index, and every name they are known by.

    Attributes:
        repositories: Current OWNER/NAME of each repository.
        index_by_name: Repository index by lower-case OWNER/NAME, former names included.
        web_url: Address of the server that they are on: https://github.com or that of an Enterprise server.
    """

    repositories: tuple[str, ...]
    index_by_name: Mapping[str, int]
    web_url: str = GITHUB

    @property
    def host(self) -> str:
        """The server's name in the addresses of its pages, such as github.com."""
        return host_of(self.web_url)

    def index_of(self, reference: Reference, repository: int) -> int | None:
        """Return the index of the repository that a reference typed in ``repository`` means.

        A name that was not collected is taken for a former name of ``repository`` if only its owner differs: owners
        change, and old addresses stay in the comments. (GitHub's own marks always carry the current name: look those
        up in ``index_by_name``.)

        Returns:
            The index, or None where the repository was not collected.
        """
        if reference.repository is None:
            return repository
        name = reference.repository.lower()
        index = self.index_by_name.get(name)
        if index is None and _without_owner(name) == _without_owner(self.repositories[repository].lower()):
            return repository
        return index

    def canonical(self, reference: Reference, repository: int) -> str:
        """Return OWNER/NAME#N for a reference typed in ``repository``, under the repository's current name."""
        index = self.index_of(reference, repository)
        return f"{reference.repository if index is None else self.repositories[index]}#{reference.number}"


def host_of(web_url: str) -> str:
    """Return the host name in a server's address."""
    return urlsplit(web_url).netloc


def _without_owner(name: str) -> str:
    return name.partition("/")[2]
