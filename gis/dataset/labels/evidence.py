"""Every trace that two issues are duplicates: who said it, how, when, and whether it was taken back."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.references import references
from gis.dataset.issues.table import NEVER, NOBODY, Issues, seconds
from gis.dataset.labels.rulings import confirms, rulings, spoken, takes_back

Tier = Literal[
    "structured",
    "import_status",
    "slash_command",
    "whole_comment",
    "inside_comment",
    "label_with_target",
    "settled_suggestion",
    "suggestion",
    "related",
]
TIERS: tuple[Tier, ...] = Tier.__args__  # type: ignore[attr-defined]  # most trusted first
Actor = Literal["person", "bot", "guess"]
SOON = 600  # seconds: who comments this near to the close speaks of it
SETTLED = 7 * 86_400  # seconds: a suggestion that is followed by the close within a week was taken up
BOT = re.compile(
    r"\[bot\]$|(?:^|[-_])(?:bot|robot|ci)$|^bot[-_]|Bot$|(?:triage|stale|dependa|merge|issue|build|rust)bot$"
)
LAST_COMMENTS = 3  # where the target of a label is looked for
LABEL = re.compile(r"(?<![\w])(?:dup|dupe|duplicate)(?![\w])")
NOT_LABEL = re.compile(r"\b(?:potential|possible|possibly|maybe|not|likely|needs?|check|candidate)\b")


@dataclass(frozen=True)
class Evidence:
    """One trace.

    Attributes:
        tier: What kind of trace.
        issue: Position of the issue that it was found on.
        target: Position of the other, or None where that was not collected.
        reference: The other as it was named, OWNER/NAME#N.
        source: "event", "duplicateOf", "state", "label" or "comment".
        source_id: GitHub's name of the event or comment, or "".
        actor: Whether a person, a bot or a machine's guess.
        made: Seconds since 1970.
        by_closer: Whether who said it closed the issue.
        to_close: Seconds from it to the nearest close, negative if the close came first; None if there was none.
        withdrawn: Why it no longer holds, or "".
    """

    tier: Tier
    issue: int
    target: int | None
    reference: str
    source: str
    source_id: str
    actor: Actor
    made: int
    by_closer: bool
    to_close: int | None
    withdrawn: str = ""


def find_evidence(store: Store, issues: Issues) -> list[Evidence]:
    """All traces in a store, by issue and time."""
    bots = {login for (login,) in store.rows("SELECT login FROM users WHERE type = 'Bot'")}
    found: list[Evidence] = []
    for repository, key in enumerate(issues.keys):
        here = _Here(issues, repository, key, _events(store, key), bots)
        found += _structured(store, here)
        found += _from_comments(store, here)
    found = [each for each in found if each.target != each.issue]
    return sorted(found, key=lambda each: (each.issue, each.made, TIERS.index(each.tier), each.reference))


def cross_references(store: Store, issues: Issues) -> list[tuple[int, int]]:
    """Positions of issues one of which cites the other, the lower first, each pair once."""
    pairs: set[tuple[int, int]] = set()
    for repository, key in enumerate(issues.keys):
        for number, place, other in store.stream(
            "SELECT number, target_repository, target_number FROM events WHERE repository = ? AND "
            "kind = 'cross_referenced' AND target_number IS NOT NULL AND coalesce(target_pull_request, 0) = 0",
            (key,),
        ):
            here = issues.position(repository, number)
            there = issues.resolve(repository, Reference(place, other))
            if here is not None and there is not None and here != there:
                pairs.add((min(here, there), max(here, there)))
    return sorted(pairs)


def looks_like_a_bot(login: str) -> bool:
    """Whether a name is a bot's by GitHub's mark or by custom."""
    return bool(BOT.search(login))


@dataclass(frozen=True)
class _Happened:
    """What the events of an issue say: when it was closed and reopened, by whom, and what was unmarked."""

    closes: list[tuple[int, str | None]]
    reopened: list[int]
    unmarked: list[int]


UNEVENTFUL = _Happened([], [], [])


def _events(store: Store, key: int) -> dict[int, _Happened]:
    found: dict[int, _Happened] = defaultdict(lambda: _Happened([], [], []))
    for number, kind, created, actor in store.stream(
        "SELECT number, kind, created_at, actor FROM events WHERE repository = ? AND "
        "kind IN ('closed', 'reopened', 'unmarked_as_duplicate') ORDER BY number, created_at",
        (key,),
    ):
        if kind == "closed":
            found[number].closes.append((seconds(created), actor))
        else:
            (found[number].reopened if kind == "reopened" else found[number].unmarked).append(seconds(created))
    return found


class _Judge:
    """What the fate of an issue says of a trace found on it."""

    def __init__(self, issues: Issues, position: int, happened: _Happened) -> None:
        self.closed = int(issues.closed[position])
        self.closer = int(issues.closer[position])
        self.closes = sorted({when for when, _ in happened.closes} | ({self.closed} if self.closed != NEVER else set()))
        self._people = issues.people
        self.closers = {issues.people.get(actor or "", NOBODY) for _, actor in happened.closes} | {self.closer}
        self.closers.discard(NOBODY)
        self.happened = happened

    def closed_by(self, login: str | None) -> bool:
        """Whether somebody closed the issue."""
        return self._people.get(login or "", NOBODY) in self.closers

    def to_close(self, made: int) -> int | None:
        """Seconds to the nearest close."""
        return min((when - made for when in self.closes), key=abs, default=None)

    def withdrawn(self, made: int, *, structured: bool) -> str:
        """Why a trace no longer holds."""
        # GitHub makes a mark of a comment that says so and nothing else: who takes back the one means both
        if any(when >= made for when in self.happened.unmarked):
            return "unmarked"
        reopened = [when for when in self.happened.reopened if when > made]
        if reopened and not any(when > reopened[-1] for when in self.closes):
            return "reopened"
        if self.closed == NEVER and not structured:
            return "open"
        return ""


@dataclass(frozen=True)
class _Here:
    """The repository whose traces are read.

    Attributes:
        issues: All issues.
        repository: Its index.
        key: The store's key.
        happened: Events of its issues by number.
        bots: Logins that GitHub calls bots.
    """

    issues: Issues
    repository: int
    key: int
    happened: dict[int, _Happened]
    bots: set[str]

    def judge(self, position: int) -> _Judge:
        """What the fate of an issue says; of one in another repository only its state is known here."""
        mine = self.issues.repository[position] == self.repository
        number = int(self.issues.number[position])
        return _Judge(self.issues, position, self.happened.get(number, UNEVENTFUL) if mine else UNEVENTFUL)

    def is_machine(self, login: str | None, app: str | None = None) -> bool:
        """Whether a bot wrote something, or a person's account by way of an app."""
        return app is not None or login in self.bots or looks_like_a_bot(login or "")


def _structured(store: Store, here: _Here) -> Iterator[Evidence]:
    issues, repository = here.issues, here.repository
    rows = store.rows(
        "SELECT number, id, created_at, actor, target_repository, target_number, 'event' FROM events "
        "WHERE repository = ? AND kind IN ('marked_as_duplicate', 'closed') AND target_number IS NOT NULL "
        "UNION ALL SELECT number, node_id, coalesce(closed_at, updated_at), closed_by, duplicate_repository, "
        "duplicate_number, 'duplicateOf' FROM issues WHERE repository = ? AND duplicate_number IS NOT NULL "
        "AND gone IS NULL",
        (here.key, here.key),
    )
    for number, identity, created, actor, place, target, source in rows:
        position = issues.position(repository, number)
        if position is None:
            continue
        reference = Reference(place, target)
        home = repository if place is None else issues.names.homes.get(place.lower())
        if home is not None and issues.is_pull_request(home, target):
            continue
        judge, made = here.judge(position), seconds(created)
        yield Evidence(
            "structured",
            position,
            None if home is None else issues.resolve(home, Reference(None, target)),
            issues.names.spelled(reference, repository) if home is not None else f"{place}#{target}",
            source,
            identity or "",
            "bot" if here.is_machine(actor) else "person",
            made,
            judge.closed_by(actor),
            judge.to_close(made),
            # what duplicateOf says is true today
            "" if source == "duplicateOf" else judge.withdrawn(made, structured=True),
        )


def _from_comments(store: Store, here: _Here) -> Iterator[Evidence]:
    rows = store.stream(
        "SELECT number, node_id, author, body, created_at, via_app FROM comments WHERE repository = ? "
        "ORDER BY number, created_at, id",
        (here.key,),
    )
    labelled = _labelled(store, here.issues, here.repository, here.key)
    for number, comments in groupby(rows, key=lambda row: int(row[0])):
        position = here.issues.position(here.repository, number)
        if position is None:
            continue
        thread = list(comments)
        found = list(_thread(here, position, thread))
        yield from found
        # a ruling says more than a label, also one that was taken back
        if number in labelled and all(each.tier == "related" or each.withdrawn == "open" for each in found):
            yield from _target_of_label(here, position, thread, labelled[number])


def _thread(here: _Here, position: int, thread: list[Any]) -> Iterator[Evidence]:
    """The rulings of one issue's comments."""
    issues, repository = here.issues, here.repository
    for place, (_, identity, author, body, created, via_app) in enumerate(thread):
        for ruling in rulings(body):
            subject = position if ruling.subject is None else issues.resolve(repository, ruling.subject)
            target = issues.resolve(repository, ruling.target)
            if subject is not None and subject == target:  # "see #5: it is a duplicate of #5"
                subject = position
            if subject is None or is_pull_request(issues, repository, ruling.target):
                continue
            judge, made = here.judge(subject), seconds(created)
            to_close = judge.to_close(made)
            tier: Tier = ruling.kind
            if tier == "suggestion" and (
                (to_close is not None and -SOON <= to_close <= SETTLED)
                or (judge.closes and any(confirms(later[3]) for later in thread[place + 1 :]))
            ):
                tier = "settled_suggestion"
            withdrawn = judge.withdrawn(made, structured=False)
            # of deleted accounts nobody knows whether they were one
            if author and any(takes_back(later[3]) for later in thread[place + 1 :] if later[2] == author):
                withdrawn = "taken back"
            machine = here.is_machine(author, via_app)
            yield Evidence(
                tier,
                subject,
                target,
                issues.names.spelled(ruling.target, repository),
                "comment",
                identity,
                ("guess" if ruling.guess or tier == "suggestion" else "bot") if machine else "person",
                made,
                judge.closed_by(author),
                to_close,
                withdrawn,
            )


def called_duplicates(store: Store, issues: Issues) -> set[int]:
    """Positions of issues that a label or their state calls duplicates, of whatever."""
    found = set()
    for repository, key in enumerate(issues.keys):
        for number in _labelled(store, issues, repository, key):
            position = issues.position(repository, number)
            if position is not None:
                found.add(position)
    return found


def _labelled(store: Store, issues: Issues, repository: int, key: int) -> dict[int, str]:
    """Numbers of issues that a label or their state calls duplicates, and which of the two."""
    codes = {code for code, name in enumerate(issues.label_names) if is_duplicate_label(name)}
    found = (
        {
            int(issues.number[position]): "label"
            for position in issues.of_repository(repository)
            if codes.intersection(
                issues.labels[issues.label_starts[position] : issues.label_starts[position + 1]].tolist()
            )
        }
        if codes
        else {}
    )
    states = store.rows("SELECT number FROM issues WHERE repository = ? AND state_reason = 'duplicate'", (key,))
    return found | {number: "state" for (number,) in states}


def is_duplicate_label(name: str) -> bool:
    """Whether a label says that an issue is a duplicate, and not only that it may be."""
    words = re.sub(r"[^\w]+|_", " ", name.lower())
    return bool(LABEL.search(words)) and not NOT_LABEL.search(words)


def _target_of_label(here: _Here, position: int, thread: list[Any], source: str) -> Iterator[Evidence]:
    """The one issue that the last comments name, if it is one and none of them denies it."""
    issues, repository = here.issues, here.repository
    named: dict[str, tuple[Reference, Any]] = {}
    for row in thread[-LAST_COMMENTS:]:
        if takes_back(row[3]):
            return
        for reference in references(spoken(row[3])):
            if not is_pull_request(issues, repository, reference):
                named.setdefault(issues.names.spelled(reference, repository), (reference, row))
    named.pop(issues.name(position), None)
    if len(named) != 1:
        return
    ((name, (reference, (_, identity, author, _, created, via_app))),) = named.items()
    judge, made = here.judge(position), seconds(created)
    yield Evidence(
        "label_with_target",
        position,
        issues.resolve(repository, reference),
        name,
        source,
        identity,
        "bot" if here.is_machine(author, via_app) else "person",
        made,
        judge.closed_by(author),
        judge.to_close(made),
        judge.withdrawn(made, structured=False),
    )


def is_pull_request(issues: Issues, repository: int, reference: Reference) -> bool:
    """Whether a reference names what is known to be a pull request."""
    if reference.pull_request:
        return True
    home = issues.names.home(reference, repository)
    return home is not None and issues.is_pull_request(home, reference.number)
