"""What machines proposed, and what people ruled after it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gis.collector.records import (
    CloseSuggestion,
    Comment,
    Event,
    Issue,
    PendingSuggestions,
    Reactions,
    Reference,
    Usage,
)
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.policy import POLICY, label_of
from gis.dataset.labels.proposals import Proposal, read_proposals
from gis.marker import Marker
from tests.dataset.stores import at, comment, issue, new_store, person

ALERT = f"{Marker(candidates=[('octo/widgets#1', 0.93)], certificate='3f2a8c6b91d0')}\nPossible duplicate: #1"
FOUND = comment(5, "github-actions[bot]", ALERT, 2100)
RULED = comment(6, "keeper", "Duplicate of #1", 8900)


def respond(path: Path, *responses: Reactions | PendingSuggestions) -> Path:
    with StoreWriter.open(path) as store:
        store.write_responses(1, 1, responses, Usage(0, 0))
    return path


def suggestion(actor: str, target: int, when: int) -> CloseSuggestion:
    reference = Reference("octo/widgets", target, False)
    return CloseSuggestion(actor=person(actor), target=reference, created_at=at(when), rationale="")


def read(path: Path) -> tuple[list[Evidence], list[Proposal]]:
    with Store(path) as store:
        bots = {login for (login,) in store.rows("SELECT login FROM users WHERE type = 'Bot'")}
        return find_evidence(store, load_issues(store)), read_proposals(store, 1, bots)


def second(*comments: Comment, closed: int | None = 9000, events: Sequence[Event] = ()) -> Issue:
    return issue(2, closed=closed, comments=comments, events=events)


def test_what_a_person_rules_after_a_machine_named_the_pair_is_never_in_a_test(tmp_path: Path) -> None:
    evidence, (proposal,) = read(new_store(tmp_path, [issue(1), second(FOUND, RULED)]))
    assert [(each.tier, each.source, each.actor, label_of(each, POLICY)) for each in evidence] == [
        ("suggestion", "gis find", "guess", "related"),
        ("prompted", "comment", "person", "train"),
    ]
    assert (proposal.candidates, proposal.score, proposal.certificate) == (("octo/widgets#1",), 0.93, "3f2a8c6b91d0")


def test_so_it_is_after_another_bot_named_it(tmp_path: Path) -> None:
    guess = comment(5, "dedupe[bot]", "Possible duplicates: #1", 2100)
    marked = Event("marked_as_duplicate", at(8990), person("keeper"), Reference("octo/widgets", 1), id="E1")
    evidence, proposals = read(new_store(tmp_path, [issue(1), second(guess, events=[marked])]))
    assert {(each.tier, each.actor) for each in evidence} == {("settled_suggestion", "guess"), ("prompted", "person")}
    assert proposals == []


@pytest.mark.parametrize(
    "comments",
    [
        [RULED, comment(7, "github-actions[bot]", ALERT, 8950)],
        [comment(5, "github-actions[bot]", ALERT.replace("#1", "#3"), 2100), RULED],
    ],
)
def test_what_was_ruled_before_or_of_another_issue_was_not_prompted(tmp_path: Path, comments: list[Comment]) -> None:
    evidence, _ = read(new_store(tmp_path, [issue(1), second(*comments)]))
    (ruling,) = [each for each in evidence if each.actor == "person"]
    assert (ruling.tier, label_of(ruling, POLICY)) == ("whole_comment", "positive")


@pytest.mark.parametrize(
    ("author", "association", "counts"),
    [("octo[bot]", "NONE", True), ("ann", "MEMBER", True), ("ann", "CONTRIBUTOR", False), ("a-bot", "NONE", False)],
)
def test_a_marker_that_a_stranger_copied_does_not_count(
    tmp_path: Path, author: str, association: str, counts: bool
) -> None:
    copied = Comment(
        id=5,
        node_id="C5",
        author=person(author),
        association=association,
        body=ALERT,
        created_at=at(2100),
        updated_at=at(2100),
    )
    evidence, proposals = read(new_store(tmp_path, [issue(1), second(copied, RULED)]))
    assert len(proposals) == counts
    assert "gis find" not in {each.source for each in evidence} or counts


def test_reactions_and_denials_take_it_back(tmp_path: Path) -> None:
    path = new_store(tmp_path, [issue(1), second(FOUND)])
    respond(path, Reactions(2, 5, 1, 2))
    (each,), (proposal,) = read(path)
    assert (each.withdrawn_reason, proposal.up, proposal.down) == ("declined", 1, 2)
    denied = second(FOUND, comment(6, "ann", "This is not a duplicate of #1", 3000))
    (each, *_), _ = read(new_store(tmp_path, [issue(1), denied]))
    assert (each.source, each.withdrawn_reason) == ("gis find", "denied")


@pytest.mark.parametrize(
    ("closed", "canonical", "state"),
    [(None, None, "declined"), (9000, None, "closed"), (9000, 3, "closed"), (9000, 1, "accepted")],
)
def test_what_became_of_a_suggestion_to_close(
    tmp_path: Path, closed: int | None, canonical: int | None, state: str
) -> None:
    of = None if canonical is None else Reference("octo/widgets", canonical)
    path = new_store(tmp_path, [issue(1), issue(2, closed=closed, duplicate_of=of), issue(3)])
    respond(path, PendingSuggestions(2, (suggestion("octo[bot]", 1, 2100),)))
    _, (proposal,) = read(path)
    assert (proposal.state, proposal.candidates, proposal.certificate) == ("pending", ("octo/widgets#1",), "")
    respond(path, PendingSuggestions(2, ()))
    evidence, (proposal,) = read(path)
    assert proposal.state == state
    assert evidence[0].source == "suggestion"
    assert (evidence[0].withdrawn_reason == "declined") == (state == "declined")
    tiers = {each.tier for each in evidence if each.actor == "person"}
    assert tiers == ({"prompted"} if state == "accepted" else {"structured"} if canonical else set())


def test_a_suggestion_that_its_author_replaced_was_not_declined(tmp_path: Path) -> None:
    path = new_store(tmp_path, [issue(1), issue(2), issue(3)])
    respond(path, PendingSuggestions(2, (suggestion("octo[bot]", 1, 2100), suggestion("ann", 1, 2100))))
    respond(path, PendingSuggestions(2, (suggestion("octo[bot]", 3, 2200),)))
    evidence, proposals = read(path)
    assert {(each.author, each.candidates[0][-1]): each.state for each in proposals} == {
        ("octo[bot]", "1"): "replaced",
        ("octo[bot]", "3"): "pending",
        ("ann", "1"): "declined",
    }
    assert {(each.actor, each.target) for each in evidence} == {("guess", 0), ("guess", 2), ("person", 0)}
