"""Restore the text that a build made of an issue, from the issue's title and body."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from gis.collector.records import IssueText, Reference
from gis.dataset.issues.names import RepositoryNames
from gis.dataset.output.manifest import Manifest
from gis.dataset.output.writer import sha256
from gis.dataset.texts.cleaning import clean
from gis.errors import GisError

UNCLEANED = "uncleaned"  # the form of texts that are title and body as GitHub has them


class TextRecord(NamedTuple):
    """What the config ``ids`` knows about the text of an issue.

    Attributes:
        sha256: The hash of the text.
        as_written: Whether title and body were as they were first written.
        cut: The issues, OWNER/NAME#N, whose citations were removed.
    """

    sha256: str
    as_written: bool
    cut: Collection[str]


class Restored(NamedTuple):
    """A text, and whether it is the one of the build."""

    text: str
    same: bool


class Restorer:
    """Makes texts as the build of a dataset made them.

    Args:
        manifest: The dataset's manifest.
        repositories: The repositories, OWNER/NAME, of the issues.

    Raises:
        GisError: The manifest lacks how texts were made.
    """

    def __init__(self, manifest: Manifest, repositories: Iterable[str]) -> None:
        settings = manifest.settings["text"]
        if "form" not in settings:
            raise GisError("the manifest of the dataset does not say how its texts were made")
        self._form = settings["form"]
        self._first_titles = bool(settings.get("original"))
        self._templates = {
            repository: frozenset(map(bytes.fromhex, lines)) for repository, lines in manifest.templates.items()
        }
        current_names = tuple(sorted({*manifest.repository_names.values(), *repositories}))
        self._index = {name: index for index, name in enumerate(current_names)}
        self._names = RepositoryNames(
            current_names,
            {name: self._index[current] for name, current in manifest.repository_names.items()},
            manifest.web_url,
        )

    def restore(self, issue: IssueText, record: TextRecord) -> Restored:
        """Return the text of the build where the issue still has it, else the text of the issue today."""
        body = issue.first_body or issue.body if record.as_written else issue.body
        text = ""
        for title in self._titles(issue):
            text = self._text(issue.repository, title, body, record.cut)
            if sha256(text) == record.sha256:
                return Restored(text, same=True)
        return Restored(text, same=False)

    def _titles(self, issue: IssueText) -> Iterator[str]:
        """Yield the titles that the build may have seen: a store made from a dump knows no first titles."""
        yield issue.title
        if self._first_titles and issue.first_title not in (None, "", issue.title):
            yield issue.first_title

    def _text(self, repository: str, title: str, body: str, cut: Collection[str]) -> str:
        if self._form == UNCLEANED:
            body = body.replace("\r\n", "\n").strip()
            return f"{title.strip()}\n\n{body}".strip()

        def cites(reference: Reference) -> bool:
            return self._names.canonical(reference, self._index[repository]) in cut

        templates = self._templates.get(repository, frozenset())
        return clean(title, body, templates, cites, self._form, self._names.host).text
