"""Bring the comments on issues up to date with what is found: written once, edited in place, never twice."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Literal, NamedTuple, TypeVar

from gis.collector.fields import FieldError
from gis.collector.github.client import Client, LostAnswerError
from gis.collector.source import SourceUnusableError
from gis.errors import GisError, UsageError
from gis.files import cache_folder, file_name, make_folder
from gis.finder.find import Finding
from gis.finder.posting.comment import comment_of, rationale_of, repeated, worth_saying
from gis.finder.posting.thread import OwnComment, Thread, read_thread
from gis.finder.posting.writer import create_comment, edit_comment, suggest_close
from gis.locks import held_alone
from gis.marker import Marker

ATTEMPTS = 4  # at one request: people look at an issue again sooner than at a run
SETTLED = 10.0  # seconds after which GitHub shows what it did, if it did; it gives up on a request after as many
GIVE_UP_AFTER = 5  # failures in a row
T = TypeVar("T")
Action = Literal["commented", "updated", "unchanged", "left alone", "failed"]


class Posted(NamedTuple):
    """What was done for one finding.

    Attributes:
        issue: OWNER/NAME#N.
        action: What was done with the comment.
        suggested: Whether it was suggested to close the issue, too.
        detail: The comment's address, or why nothing was written.
        error: What went wrong, or None.
    """

    issue: str
    action: Action
    suggested: bool
    detail: str
    error: GisError | None = None


def post(findings: Sequence[Finding], client: Client, *, suggest: bool) -> Iterator[Posted]:
    """Write what was found to the issues, one after the other.

    A failure of one issue does not stop the others; where the account is refused altogether, or several issues in a row
    fail, the run ends.

    Args:
        findings: What was found for issues.
        client: Signed in, with one account: it is known by it which comments are ours.
        suggest: Whether to suggest, too, that issues with a certified finding be closed as duplicates.

    Raises:
        UsageError: A finding is about a text.
        GisError: Another process writes to the same repository, the account is refused, or issue after issue fails.
    """
    findings = [worth_saying(finding) for finding in findings]
    places = [_place(finding) for finding in findings]
    failures = 0
    with ExitStack() as locks:
        for name in sorted({repository.lower() for repository, _ in places}):
            locks.enter_context(_alone(client, name))
        for left, finding, (repository, number) in zip(reversed(range(len(places))), findings, places, strict=True):
            issue = _Issue(client, repository, number, finding, suggest=suggest)
            try:
                yield issue.bring_up_to_date()
                failures = 0
            except SourceUnusableError as error:
                message = f"{error}; {finding.query} was not finished, and none after it was tried"
                raise SourceUnusableError(message, remedy=error.remedy) from error
            except GisError as error:
                failures += 1
                yield Posted(finding.query, "failed", issue.suggested, str(error), error)
            if failures >= GIVE_UP_AFTER and left:
                raise GisError(f"{failures} issues in a row failed; the other {left} were not tried")


def _alone(client: Client, repository: str) -> AbstractContextManager[None]:
    """Keep other processes from writing to a repository."""
    folder = cache_folder() / "posting"
    make_folder(folder)
    lock = folder / file_name(f"{client.url}-{repository}".lower(), unique=True)
    return held_alone(lock, GisError(f"another process writes to {repository}", remedy="wait until it has ended"))


def _place(finding: Finding) -> tuple[str, int]:
    repository, _, number = finding.query.partition("#")
    if not number.isdecimal() or "/" not in repository:
        raise UsageError(f"'{finding.query}' is not an issue: nothing can be written to it", remedy="name an issue")
    return repository, int(number)


class _Issue:
    """One issue, and what was found for it.

    Attributes:
        suggested: Whether it was suggested by now to close it.
    """

    def __init__(self, client: Client, repository: str, number: int, finding: Finding, *, suggest: bool) -> None:
        self._client, self._repository, self._number = client, repository, number
        self._finding, self._suggest = finding, suggest and bool(finding.certificate and finding.suggestions)
        self.suggested = False

    def bring_up_to_date(self) -> Posted:
        """Write, edit or leave the comment, and suggest before it, so that the comment says that it was suggested."""
        if self._finding.stopped:  # alerts were asked for, and a list is none
            return self._done("left alone", self._finding.stopped)
        thread = self._read()
        if thread.refusal:
            return self._done("left alone", thread.refusal)
        if not self._finding.suggestions and not thread.own:
            return self._done("left alone", self._finding.note or "nothing was found")
        self._suggest_close(thread)
        if not thread.own:
            return self._done("commented", self._once(lambda: self._create(comment_of(self._finding)), self._is_there))
        first, *others = thread.own
        edits = [(first, comment_of(self._finding, first.marker)), *((own, repeated(own.marker)) for own in others)]
        places = [self._replace(own, text) for own, text in edits if not _same(own.body, text)]
        return self._done("updated", places[0]) if places else self._done("unchanged", "the comment says so already")

    def _done(self, action: Action, detail: str) -> Posted:
        return Posted(self._finding.query, action, self.suggested, detail)

    def _read(self) -> Thread:
        return read_thread(self._client, self._repository, self._number, suggestions=self._suggest)

    def _suggest_close(self, thread: Thread) -> None:
        """Suggest to close the issue, unless a suggestion waits, or the comment says that this one was made before."""
        if not self._suggest or thread.suggested:
            return
        first = self._finding.suggestions[0]
        if any(_names(comment.marker, first.issue) for comment in thread.own):
            return
        repository, _, number = first.issue.partition("#")
        if repository.lower() != self._repository.lower():
            return
        self._once(
            lambda: suggest_close(self._client, self._repository, self._number, int(number), rationale_of(first)),
            lambda: True if self._read().suggested else None,
        )
        self.suggested = True

    def _create(self, text: str) -> str:
        return create_comment(self._client, self._repository, self._number, text)

    def _replace(self, own: OwnComment, text: str) -> str:
        return self._once(
            lambda: edit_comment(self._client, self._repository, own.id, text), lambda: self._says(own, text)
        )

    def _is_there(self) -> str | None:
        return "the comment was written" if self._read().own else None

    def _says(self, own: OwnComment, text: str) -> str | None:
        edited = any(each.id == own.id and _same(each.body, text) for each in self._read().own)
        return "the comment was edited" if edited else None

    def _once(self, write: Callable[[], T], look: Callable[[], T | None]) -> T:
        """Write; where no answer comes, look whether it was written before it is tried again."""
        failures = 0
        while True:
            try:
                return write()
            except (LostAnswerError, FieldError) as error:  # an answer that makes no sense is none
                failures += 1
                self._client.back_off(failures, str(error), at_least=SETTLED)
                written = look()
                if written is not None:
                    return written


def _names(marker: Marker, issue: str) -> bool:
    """Return whether a comment that was made with a certificate named an issue."""
    return bool(marker.certificate) and any(name.lower() == issue.lower() for name, _ in marker.candidates)


def _same(one: str, other: str) -> bool:
    """Return whether two comments are one to GitHub, which changes line ends and blanks at the end."""
    return one.replace("\r\n", "\n").strip() == other.strip()
