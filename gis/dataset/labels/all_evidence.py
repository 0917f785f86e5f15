"""All evidence in a store: GitHub's own marks, rulings in comments, targets of labels, and what people reviewed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.table import Issues, seconds
from gis.dataset.labels.called import called_duplicates_of
from gis.dataset.labels.evidence import RULED, TIERS, Evidence, looks_like_a_bot
from gis.dataset.labels.judged import Judgements
from gis.dataset.labels.proposals import BY_COMMENT, BY_SUGGESTION, Proposal, prompted, read_proposals
from gis.dataset.labels.rulings import Ruling, rulings
from gis.dataset.labels.thread import ThreadComment, contradicted, tier_of
from gis.dataset.labels.timeline import IssueEvents, IssueTimeline, read_events

DENIED = "denied in review"
COMMENTS_WITH_TARGET = 3  # how many of the last comments may name the target of a label


class MarkRow(NamedTuple):
    """A duplicate mark of GitHub's own, as the store has it."""

    number: int
    source_id: str | None
    created_at: str
    actor: str | None
    target_repository: str | None
    target_number: int
    source: str


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
        proposals = tuple(read_proposals(store, key, bots))
        context = _RepositoryContext(issues, repository, key, read_events(store, key), bots, judged, proposals)
        evidence += _evidence_from_marks(store, context)
        evidence += _evidence_from_suggestions(context)
        evidence += _evidence_from_comments(store, context)
    evidence = prompted(evidence)
    if judged is not None:
        evidence = _reviewed(evidence, issues, judged)
    evidence = [each for each in evidence if each.target != each.issue]
    return sorted(evidence, key=lambda each: (each.issue, each.created_at, TIERS.index(each.tier), each.reference))


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
        proposals: What machines proposed.
    """

    issues: Issues
    repository: int
    key: int
    events: Mapping[int, IssueEvents]
    bots: set[str]
    judged: Judgements | None = None
    proposals: tuple[Proposal, ...] = ()

    @cached_property
    def proposal_of(self) -> Mapping[str, Proposal]:
        """What a comment of ``gis find`` proposes, by GitHub's id of it."""
        return {proposal.source_id: proposal for proposal in self.proposals if proposal.source == BY_COMMENT}

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


def _evidence_from_suggestions(context: _RepositoryContext) -> Iterator[Evidence]:
    """Yield the evidence of GitHub's suggestions to close an issue as a duplicate."""
    for proposal in context.proposals:
        position = context.issues.position(context.repository, proposal.number)
        if proposal.source == BY_SUGGESTION and position is not None:
            yield from _evidence_from_proposal(context, position, proposal)


def _evidence_from_comments(store: Store, context: _RepositoryContext) -> Iterator[Evidence]:
    """Yield the evidence of all comments: rulings, and targets of duplicate labels."""
    rows = store.stream(
        "SELECT number, node_id, author, body, created_at, via_app FROM comments WHERE repository = ? "
        "ORDER BY number, created_at, id",
        (context.key,),
    )
    called = called_duplicates_of(store, context.issues, context.repository, context.key)
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
        for place, comment in enumerate(thread):
            if (proposal := context.proposal_of.get(comment.node_id)) is not None:
                yield from _evidence_from_proposal(context, position, proposal, thread[place + 1 :])
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
            if comment.node_id not in context.proposal_of
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


def _evidence_from_proposal(
    context: _RepositoryContext, position: int, proposal: Proposal, later: Sequence[ThreadComment] = ()
) -> Iterator[Evidence]:
    """Yield the evidence of what was proposed on an issue, before the later comments; it alone makes no duplicate."""
    issues, timeline = context.issues, context.timeline(position)
    is_machine = proposal.source == BY_COMMENT or context.is_bot(proposal.author)
    for name in proposal.candidates:
        repository, _, number = name.partition("#")
        reference = Reference(repository, int(number))
        if context.is_pull_request(reference):
            continue
        yield Evidence(
            tier="suggestion",
            issue=position,
            target=issues.resolve(context.repository, reference),
            reference=issues.names.canonical(reference, context.repository),
            source=proposal.source,
            source_id=proposal.source_id,
            actor="guess" if is_machine else "person",
            created_at=proposal.created_at,
            by_closer=False,
            seconds_to_close=timeline.seconds_to_close(proposal.created_at),
            withdrawn_reason=contradicted(proposal.author, reference.number, later)
            or proposal.withdrawn_reason
            or timeline.withdrawn_reason(proposal.created_at, structured=False),
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
