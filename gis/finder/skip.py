"""Which new issues are left alone: those of bots, those of the repository's own people, those with some labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from gis.dataset.labels.evidence import looks_like_a_bot
from gis.errors import UsageError
from gis.finder.stored import StoredIssue

BOTS, STAFF, LABEL = "bots", "staff", "label:"
STAFF_ASSOCIATIONS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


@dataclass(frozen=True, kw_only=True)
class Skip:
    """Which issues nothing is suggested for.

    Attributes:
        bots: Those that bots opened.
        staff: Those that owners, members and collaborators of the repository opened.
        labels: Those with one of these labels, in lower case.
    """

    bots: bool = False
    staff: bool = False
    labels: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Return what ``bots``, ``staff`` and ``label:NAME`` stand for.

        Raises:
            UsageError: A name is none of them.
        """
        names = list(names)
        for name in names:
            if name not in (BOTS, STAFF) and not (name.startswith(LABEL) and name != LABEL):
                raise UsageError(f"'{name}' cannot be skipped", remedy="write bots, staff or label:NAME")
        labels = frozenset(name.removeprefix(LABEL).lower() for name in names if name.startswith(LABEL))
        return cls(bots=BOTS in names, staff=STAFF in names, labels=labels)

    def reason(self, issue: StoredIssue) -> str:
        """Return why nothing is suggested for an issue, or ""."""
        for label in issue.labels:
            if label.lower() in self.labels:
                return f"it is labelled {label}"
        if self.bots and (issue.is_of_bot or looks_like_a_bot(issue.author or "")):
            return "a bot opened it"
        if self.staff and issue.association in STAFF_ASSOCIATIONS:
            return "it was opened by one of the repository's own people"
        return ""


NOTHING = Skip()
