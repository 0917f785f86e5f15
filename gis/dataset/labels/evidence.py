"""All evidence that two issues are duplicates: who said it, how, when, and whether it was taken back."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Literal, NamedTuple

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.references import GITHUB_HOST, references
from gis.dataset.issues.table import Issues, seconds
from gis.dataset.labels.judged import Judgements
from gis.dataset.labels.replies import agrees, confirms, disagrees, takes_back
from gis.dataset.labels.rulings import Ruling, rulings
from gis.dataset.labels.spoken import spoken
from gis.dataset.labels.timeline import IssueEvents, IssueTimeline, read_events

Tier = Literal[
    "structured",
    "import_status",
    "slash_command",
    "whole_comment",
    "inside_comment",
    "label_with_target",
    "settled_suggestion",
    "reviewed",
    "judged",
    "suggestion",
    "related",
]
TIERS: tuple[Tier, ...] = Tier.__args__  # type: ignore[attr-defined]  # most trusted first
RULED: tuple[Tier, ...] = ("import_status", "slash_command", "whole_comment", "inside_comment")
Actor = Literal["person", "bot", "guess"]

# A suggestion counts as taken up if the issue was closed at most this long before or after it, in seconds.
SETTLED_BEFORE, SETTLED_AFTER = 600, 7 * 86_400
DENIED = "denied in review"
COMMENTS_WITH_TARGET = 3  # how many of the last comments may name the target of a label
BOT = re.compile(
    r"\[bot\]$|(?:^|[-_])(?:bot|robot|ci)$|^bot[-_]|Bot$|(?:triage|stale|dependa|merge|issue|build|rust)bot$"
)
# The words of labels that say that an issue is a duplicate: one of the first, and none but these.
DUPLICATE_IN_LABELS = frozenset(
    "dup dups dupe dupes duplicate duplicates duplicated duplicado duplicada duplicados duplicata doublon doublons"
    " duplikat duplikate doppelt duplicato doppione duplicaat dubbel mükerrer дубликат дубль 重复 重複 중복".split()
)
OTHER_WORDS_OF_LABELS = frozenset(
    "status state resolution reason type kind triage closed close closing resolved as is a an of marked this issue"
    " issues bug report ticket question invalid r s t x statut estado stato статус 状态 狀態 状態 상태".split()
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One piece of evidence that two issues are duplicates.

    Attributes:
        tier: What kind of evidence it is.
        issue: Position of the issue that it speaks of.
        target: Position of the issue that it is said to duplicate; None where that was not collected.
        reference: The target's name, OWNER/NAME#N.
        source: Where it was found: "event", "duplicateOf", "state", "label", "review" or "comment", with the models
            that read it where it is of the tier "judged".
        source_id: GitHub's id of the event, issue or comment; "" where unknown.
        actor: Who said it: a person, a bot, or a bot that only guesses.
        created_at: When, in seconds since 1970.
        by_closer: Whether the same person closed the issue.
        seconds_to_close: Seconds from then to the nearest close, negative if that came first; None if never closed.
        withdrawn_reason: Why it no longer holds; "" if it does.
    """

    tier: Tier
    issue: int
    target: int | None
    reference: str
    source: str
    source_id: str
    actor: Actor
    created_at: int
    by_closer: bool
    seconds_to_close: int | None
    withdrawn_reason: str = ""


class MarkRow(NamedTuple):
    """A duplicate mark of GitHub's own, as the store has it."""

    number: int
    source_id: str | None
    created_at: str
    actor: str | None
    target_repository: str | None
    target_number: int
    source: str


@dataclass(frozen=True)
class ThreadComment:
    """A comment as the store has it, with what it says of earlier ones: each thing is read once, when needed."""

    number: int
    node_id: str
    author: str | None
    body: str
    created_at: str
    via_app: str | None
    host: str = GITHUB_HOST

    @cached_property
    def takes_back(self) -> bool:
        """Whether it says that something is not a duplicate after all."""
        return takes_back(self.body)

    @cached_property
    def confirms(self) -> bool:
        """Whether it agrees that something is a duplicate, without naming it again."""
        return confirms(self.body)

    @cached_property
    def agrees(self) -> bool:
        """Whether it says yes to a suggestion."""
        return agrees(self.body)

    @cached_property
    def disagrees(self) -> bool:
        """Whether it says no to a suggestion."""
        return disagrees(self.body)

    @cached_property
    def named(self) -> tuple[Reference, ...]:
        """The references in it."""
        return tuple(references(spoken(self.body, self.host), self.host))


def find_evidence(store: Store, issues: Issues, judged: Judgements | None = None) -> list[Evidence]:
    """Return all evidence in a store, ordered by issue and time.

    Args:
        store: The store.
        issues: Its issues.
        judged: What models read in comments that no pattern reads, and what people decided about pairs, or None.
    """
    bots = {login for (login,) in store.rows("SELECT login FROM users WHERE type = 'Bot'")}
    evidence: list[Evidence] = []
    for repository, key in enumerate(issues.keys):
        context = _RepositoryContext(issues, repository, key, read_events(store, key), bots, judged)
        evidence += _evidence_from_marks(store, context)
        evidence += _evidence_from_comments(store, context)
    if judged is not None:
        evidence = _reviewed(evidence, issues, judged)
    evidence = [each for each in evidence if each.target != each.issue]
    return sorted(evidence, key=lambda each: (each.issue, each.created_at, TIERS.index(each.tier), each.reference))


def called_duplicates(store: Store, issues: Issues) -> set[int]:
    """Return the positions of issues whose label or state calls them duplicates, of whatever issue."""
    return {
        position
        for repository, key in enumerate(issues.keys)
        for position in _called_duplicates(store, issues, repository, key)
    }


def is_duplicate_label(name: str) -> bool:
    """Return whether a label says that an issue is a duplicate, and not that it may be one or is about duplicates."""
    label_words = set(re.findall(r"[^\W_]+", name.lower()))
    says_so = not DUPLICATE_IN_LABELS.isdisjoint(label_words) and "?" not in name
    return says_so and label_words <= DUPLICATE_IN_LABELS | OTHER_WORDS_OF_LABELS


def looks_like_a_bot(login: str) -> bool:
    """Return whether a login is a bot's, by GitHub's suffix or by custom."""
    return bool(BOT.search(login))


def tier_of(ruling: Ruling, timeline: IssueTimeline, created_at: int, later: Sequence[ThreadComment]) -> Tier:
    """Return the tier of a ruling: a suggestion is settled if a close or a later comment took it up."""
    if ruling.kind != "suggestion":
        return ruling.kind
    to_close = timeline.seconds_to_close(created_at)
    if to_close is None or (later and later[0].disagrees):  # never closed, or said to be something else
        return "suggestion"
    if -SETTLED_BEFORE <= to_close <= SETTLED_AFTER or _taken_up(later):
        return "settled_suggestion"
    return "suggestion"


def _taken_up(later: Sequence[ThreadComment]) -> bool:
    """Return whether a later comment confirms a suggestion, or the next one says yes to it."""
    return any(comment.confirms for comment in later) or (bool(later) and later[0].agrees)


def contradicted(author: str | None, other: int, later: Sequence[ThreadComment]) -> str:
    """Return why a ruling no longer holds after later comments, or "".

    Args:
        author: Who made it.
        other: The number of the other issue; a comment that names only others does not contradict.
        later: The comments after it.
    """
    for comment in later:
        if comment.takes_back and (not comment.named or any(other == named.number for named in comment.named)):
            return "taken back" if author and comment.author == author else "denied"
    return ""


@dataclass(frozen=True)
class _RepositoryContext:
    """The repository whose evidence is read.

    Attributes:
        issues: All issues.
        repository: Its index.
        key: The store's key.
        events: Events of its issues by number.
        bots: Logins that GitHub calls bots.
        judged: What models read in comments that no pattern reads, or None.
    """

    issues: Issues
    repository: int
    key: int
    events: Mapping[int, IssueEvents]
    bots: set[str]
    judged: Judgements | None = None

    @property
    def host(self) -> str:
        """The server's name in the addresses of its issues."""
        return self.issues.names.host

    def timeline(self, position: int) -> IssueTimeline:
        """Return what became of an issue; of one in another repository only the state is used."""
        own = self.issues.repository[position] == self.repository
        events = self.events.get(int(self.issues.number[position])) if own else None
        return IssueTimeline(self.issues, position, events or IssueEvents())

    def is_bot(self, login: str | None, app: str | None = None) -> bool:
        """Return whether a bot wrote something, or an app through a person's account."""
        return app is not None or login in self.bots or looks_like_a_bot(login or "")

    def is_pull_request(self, reference: Reference) -> bool:
        """Return whether a reference is known to name a pull request."""
        if reference.pull_request:
            return True
        index = self.issues.names.index_of(reference, self.repository)
        return index is not None and self.issues.is_pull_request(index, reference.number)


def _evidence_from_marks(store: Store, context: _RepositoryContext) -> Iterator[Evidence]:
    """Yield the evidence of GitHub's own duplicate marks."""
    issues = context.issues
    rows = store.rows(
        "SELECT number, id, created_at, actor, target_repository, target_number, 'event' FROM events "
        "WHERE repository = ? AND kind IN ('marked_as_duplicate', 'closed') AND target_number IS NOT NULL "
        "UNION ALL SELECT number, node_id, coalesce(closed_at, updated_at), closed_by, duplicate_repository, "
        "duplicate_number, 'duplicateOf' FROM issues WHERE repository = ? AND duplicate_number IS NOT NULL "
        "AND gone IS NULL",
        (context.key, context.key),
    )
    for mark in map(MarkRow._make, rows):
        position = issues.position(context.repository, mark.number)
        # Marks name repositories as they are called now, so no former owner is guessed here.
        name = mark.target_repository
        index = context.repository if name is None else issues.names.index_by_name.get(name.lower())
        if position is None or (index is not None and issues.is_pull_request(index, mark.target_number)):
            continue
        target = Reference(None, mark.target_number)
        timeline, created_at = context.timeline(position), seconds(mark.created_at)
        current = mark.source == "duplicateOf"  # the issue's state of today, whatever happened before
        yield Evidence(
            tier="structured",
            issue=position,
            target=None if index is None else issues.resolve(index, target),
            reference=f"{name}#{target.number}" if index is None else issues.names.canonical(target, index),
            source=mark.source,
            source_id=mark.source_id or "",
            actor="bot" if context.is_bot(mark.actor) else "person",
            created_at=created_at,
            by_closer=timeline.closed_by(mark.actor),
            seconds_to_close=timeline.seconds_to_close(created_at),
            withdrawn_reason="" if current else timeline.withdrawn_reason(created_at, structured=True),
        )


def _evidence_from_comments(store: Store, context: _RepositoryContext) -> Iterator[Evidence]:
    """Yield the evidence of all comments: rulings, and targets of duplicate labels."""
    rows = store.stream(
        "SELECT number, node_id, author, body, created_at, via_app FROM comments WHERE repository = ? "
        "ORDER BY number, created_at, id",
        (context.key,),
    )
    called = _called_duplicates(store, context.issues, context.repository, context.key)
    every_comment = (
        ThreadComment(number, node_id, author, body, created_at, via_app, context.host)
        for number, node_id, author, body, created_at, via_app in rows
    )
    for number, comments in groupby(every_comment, key=lambda comment: comment.number):
        position = context.issues.position(context.repository, number)
        if position is None:
            continue
        thread = list(comments)
        evidence = list(_evidence_from_thread(context, position, thread))
        yield from evidence
        # A ruling says more than a label, even one that was taken back; a model's reading of a comment does not.
        if position in called and all(
            each.tier in ("related", "judged") or each.withdrawn_reason == "open" for each in evidence
        ):
            yield from _evidence_from_label(context, position, thread, called[position])


def _evidence_from_thread(
    context: _RepositoryContext, position: int, thread: Sequence[ThreadComment]
) -> Iterator[Evidence]:
    """Yield the evidence of the rulings in one issue's comments.

    A suggestion was not taken up if the issue was ruled to be a duplicate of another one.
    """
    evidence: list[Evidence] = []
    for place, comment in enumerate(thread):
        later = thread[place + 1 :]
        read = (
            _evidence_from_ruling(context, position, ruling, comment, later)
            for ruling in [*rulings(comment.body, context.host), *_judged(context, comment)]
        )
        evidence += (each for each in read if each is not None)
    ruled = {
        each.reference
        for each in evidence
        if each.issue == position and each.tier in RULED and each.withdrawn_reason not in ("taken back", "denied")
    }
    for each in evidence:
        passed_over = each.tier == "settled_suggestion" and each.issue == position and each.reference not in ruled
        yield replace(each, tier="suggestion") if ruled and passed_over else each


def _reviewed(evidence: Iterable[Evidence], issues: Issues, judged: Judgements) -> list[Evidence]:
    """Return evidence with what people decided about pairs: what they deny is withdrawn, what they confirm is added."""
    denied, confirmed = (
        [pair for pair in (tuple(map(issues.position_of_name, names)) for names in pairs) if None not in pair]
        for pairs in (judged.denied, judged.confirmed)
    )
    never = {frozenset(pair) for pair in denied}
    return [
        *(replace(each, withdrawn_reason=DENIED) if {each.issue, each.target} in never else each for each in evidence),
        *(
            Evidence(
                tier="reviewed",
                issue=issue,
                target=target,
                reference=issues.name(target),
                source="review",
                source_id="",
                actor="person",
                created_at=max(int(issues.created[issue]), int(issues.created[target])),
                by_closer=False,
                seconds_to_close=None,
            )
            for issue, target in confirmed
            if issue is not None and target is not None
        ),
    ]


def _judged(context: _RepositoryContext, comment: ThreadComment) -> Iterator[Ruling]:
    """Yield the rulings that models read in a comment."""
    for name in () if context.judged is None else context.judged.of(comment.node_id, comment.body):
        repository, _, number = name.partition("#")
        yield Ruling("judged", Reference(repository, int(number)))


def _evidence_from_ruling(
    context: _RepositoryContext, position: int, ruling: Ruling, comment: ThreadComment, later: Sequence[ThreadComment]
) -> Evidence | None:
    """Return the evidence of a ruling, or None where it is about a pull request or an issue that was not collected."""
    issues, repository = context.issues, context.repository
    subject = position if ruling.subject is None else issues.resolve(repository, ruling.subject)
    target: int | None = position
    reference = issues.name(position)
    if ruling.target is not None:  # else "Marking #5 as a duplicate of this issue"
        target = issues.resolve(repository, ruling.target)
        reference = issues.names.canonical(ruling.target, repository)
    if subject is not None and subject == target:  # "see #5: it is a duplicate of #5"
        subject = position
    if subject is None or (ruling.target is not None and context.is_pull_request(ruling.target)):
        return None
    timeline, created_at = context.timeline(subject), seconds(comment.created_at)
    tier = tier_of(ruling, timeline, created_at, later)
    guess = ruling.guess or tier == "suggestion"
    other = ruling.target or ruling.subject
    contradiction = "" if other is None else contradicted(comment.author, other.number, later)
    return Evidence(
        tier=tier,
        issue=subject,
        target=target,
        reference=reference,
        source=context.judged.source if context.judged and ruling.kind == "judged" else "comment",
        source_id=comment.node_id,
        actor=("guess" if guess else "bot") if context.is_bot(comment.author, comment.via_app) else "person",
        created_at=created_at,
        by_closer=timeline.closed_by(comment.author),
        seconds_to_close=timeline.seconds_to_close(created_at),
        withdrawn_reason=contradiction or timeline.withdrawn_reason(created_at, structured=False),
    )


def _evidence_from_label(
    context: _RepositoryContext, position: int, thread: Sequence[ThreadComment], source: str
) -> Iterator[Evidence]:
    """Yield the evidence of a label, if the last comments name exactly one issue and none of them denies it."""
    issues, repository = context.issues, context.repository
    named: dict[str, tuple[Reference, ThreadComment]] = {}
    for comment in thread[-COMMENTS_WITH_TARGET:]:
        if comment.takes_back:
            return
        for reference in comment.named:
            if not context.is_pull_request(reference):
                named.setdefault(issues.names.canonical(reference, repository), (reference, comment))
    named.pop(issues.name(position), None)
    if len(named) != 1:
        return
    ((name, (reference, comment)),) = named.items()
    timeline, created_at = context.timeline(position), seconds(comment.created_at)
    yield Evidence(
        tier="label_with_target",
        issue=position,
        target=issues.resolve(repository, reference),
        reference=name,
        source=source,
        source_id=comment.node_id,
        actor="bot" if context.is_bot(comment.author, comment.via_app) else "person",
        created_at=created_at,
        by_closer=timeline.closed_by(comment.author),
        seconds_to_close=timeline.seconds_to_close(created_at),
        withdrawn_reason=timeline.withdrawn_reason(created_at, structured=False),
    )


def _called_duplicates(store: Store, issues: Issues, repository: int, key: int) -> dict[int, str]:
    """Return positions of a repository's issues that are called duplicates, and whether by "label" or "state"."""
    codes = [code for code, name in enumerate(issues.label_names) if is_duplicate_label(name)]
    called: dict[int, str] = {}
    if codes:
        for position in issues.of_repository(repository):
            if issues.label_codes(position).intersection(codes):
                called[position] = "label"
    query = "SELECT number FROM issues WHERE repository = ? AND state_reason = 'duplicate' AND gone IS NULL"
    for (number,) in store.rows(query, (key,)):
        closed_as_duplicate = issues.position(repository, number)
        if closed_as_duplicate is not None:
            called[closed_as_duplicate] = "state"
    return called
