"""Evidence in stores made by hand: who, when, and what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gis.collector.records import Event, Issue, Reference, User
from gis.collector.store import Store
from gis.dataset.issues.table import Issues, load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.policy import POLICY, label_of
from tests.dataset.stores import DAY, at, comment, fill, issue, mark_moved, new_store, person


def found_in(path: Path) -> tuple[list[Evidence], Issues]:
    with Store(path) as store:
        issues = load_issues(store)
        return find_evidence(store, issues), issues


def on_second(tmp_path: Path, second: Issue, *, pulls: Sequence[int] = ()) -> list[Evidence]:
    """The evidence of a store of issue 1 and this one, number 2."""
    return found_in(new_store(tmp_path, [issue(1), second], pulls=pulls))[0]


def mark(kind: str, when: int, target: Reference, actor: str = "keeper") -> Event:
    return Event(kind, at(when), person(actor), target, id=f"E{when}")  # type: ignore[arg-type]


HERE = Reference("octo/widgets", 1)


def test_structured_marks_and_their_withdrawal(tmp_path: Path) -> None:
    (each,) = on_second(tmp_path, issue(2, closed=9000, events=[mark("marked_as_duplicate", 8990, HERE)]))
    assert (each.tier, each.issue, each.target, each.actor) == ("structured", 1, 0, "person")
    assert (each.by_closer, each.seconds_to_close, each.withdrawn_reason) == (True, 10, "")
    events = [mark("marked_as_duplicate", 8990, HERE), mark("unmarked_as_duplicate", 9500, HERE)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, events=events))
    assert each.withdrawn_reason == "unmarked"
    assert label_of(each, POLICY) == "related"


def test_duplicate_of_counts_whatever_happened_before(tmp_path: Path) -> None:
    found = on_second(tmp_path, issue(2, closed=9000, reason="duplicate", duplicate_of=HERE))
    assert [(each.tier, each.source, label_of(each, POLICY)) for each in found] == [
        ("structured", "duplicateOf", "positive")
    ]


@pytest.mark.parametrize(
    ("author", "body", "closed", "tier", "actor", "label"),
    [
        ("keeper", "Duplicate of #1", 9000, "whole_comment", "person", "positive"),
        ("triage[bot]", "Duplicate of #1", 9000, "whole_comment", "bot", "train"),
        ("triage[bot]", "Possible duplicates: #1", 9000, "settled_suggestion", "guess", "related"),
        ("dedupe-bot", "Duplicate of #1", 9000, "whole_comment", "bot", "train"),
        ("ann", "Maybe a duplicate of #1", 9000, "settled_suggestion", "person", "positive"),
        ("ann", "Maybe a duplicate of #1", 9000 + 20 * DAY, "suggestion", "person", "related"),
        ("ann", "Duplicate of #1", None, "whole_comment", "person", "related"),
        ("ann", "Closing in favour of #1", 9000, "related", "person", "related"),
    ],
)
def test_comments(
    tmp_path: Path, author: str, body: str, closed: int | None, tier: str, actor: str, label: str
) -> None:
    (each,) = on_second(tmp_path, issue(2, closed=closed, comments=[comment(5, author, body, 8900)]))
    assert (each.tier, each.actor, label_of(each, POLICY), each.source_id) == (tier, actor, label, "C5")


def test_an_app_that_posts_for_a_person_is_a_machine(tmp_path: Path) -> None:
    said = comment(5, "ann", "Duplicate of #1", 8900, via_app="dedupe")
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=[said]))
    assert each.actor == "bot"


def test_a_suggestion_is_passed_over_if_the_issue_is_ruled_to_duplicate_another(tmp_path: Path) -> None:
    said = [comment(5, "ann", "Possibly a duplicate of #1", 8900), comment(6, "keeper", "Dup of #3", 8990)]
    path = new_store(tmp_path, [issue(1), issue(2, closed=9000, comments=said), issue(3)])
    assert [(each.target, each.tier) for each in found_in(path)[0]] == [(0, "suggestion"), (2, "whole_comment")]


def test_what_was_taken_back_or_reopened_is_only_related(tmp_path: Path) -> None:
    said = [comment(5, "ann", "Duplicate of #1", 8000), comment(6, "ann", "Sorry, not a duplicate of that", 8500)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert each.withdrawn_reason == "taken back"
    reopened = Event("reopened", at(9500), person("ann"))
    again = issue(2, closed=9000, comments=said[:1], events=[Event("closed", at(9000), person("keeper")), reopened])
    (each,) = on_second(tmp_path, again)
    assert each.withdrawn_reason == "reopened"


def test_a_label_needs_one_target_in_the_last_comments(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Please follow #1", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, labels=["Resolution-Duplicate"], comments=said))
    assert (each.tier, each.source) == ("label_with_target", "label")
    two = [*said, comment(6, "keeper", "and #3", 8995)]
    assert on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=two)) == []
    assert on_second(tmp_path, issue(2, closed=9000, labels=["possible-duplicate"], comments=said)) == []


def test_a_label_does_not_revive_what_was_denied(tmp_path: Path) -> None:
    for said in (
        [comment(5, "keeper", "This is not a duplicate of #1", 8990)],
        [comment(5, "keeper", "Duplicate of #1", 8980), comment(6, "keeper", "Sorry, not a duplicate of #1", 8990)],
    ):
        found = on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=said))
        assert not [each for each in found if label_of(each, POLICY) == "positive"]
    said = [comment(5, "github-actions[bot]", "Please follow #1", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=said))
    assert each.actor == "bot"


def test_who_unmarks_takes_back_the_comment_that_made_the_mark(tmp_path: Path) -> None:
    events = [mark("marked_as_duplicate", 8990, HERE), mark("unmarked_as_duplicate", 9500, HERE)]
    said = [comment(5, "keeper", "Duplicate of #1", 8990)]
    found = on_second(tmp_path, issue(2, closed=9000, comments=said, events=events))
    assert [(each.tier, each.withdrawn_reason) for each in found] == [
        ("structured", "unmarked"),
        ("whole_comment", "unmarked"),
    ]


def test_githubs_own_marks_mean_the_repository_that_they_name(tmp_path: Path) -> None:
    (each,) = on_second(
        tmp_path, issue(2, closed=9000, events=[mark("marked_as_duplicate", 8990, Reference("fork/widgets", 1))])
    )
    assert (each.target, each.reference) == (None, "fork/widgets#1")


def test_pull_requests_are_no_issues(tmp_path: Path) -> None:
    said = [
        comment(5, "keeper", "Duplicate of #7", 8990),
        comment(6, "k", "Duplicate of https://github.com/a/b/pull/1", 8991),
    ]
    assert on_second(tmp_path, issue(2, closed=9000, comments=said), pulls=[7]) == []


def test_what_was_not_collected_is_counted(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Duplicate of octo/gadgets#4", 8990)]
    path = fill(tmp_path / "store.db", [issue(1), issue(2, closed=9000, comments=said)])
    found, issues = found_in(path)
    assert [(each.target, each.reference) for each in found] == [(None, "octo/gadgets#4")]
    assert find_clusters(found, issues, POLICY).uncollected == 1
    fill(path, [issue(4)], name="octo/gadgets", key=2)
    found, issues = found_in(path)
    (cluster,) = find_clusters(found, issues, POLICY).clusters
    assert [issues.name(n) for n in cluster.members] == ["octo/gadgets#4", "octo/widgets#2"]


def test_a_former_owner_is_the_same_repository(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Duplicate of https://github.com/oldowner/widgets/issues/1", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert each.target == 0


def test_a_transferred_issue_is_found_where_it_is(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Duplicate of #1", 8990)]
    path = fill(tmp_path / "store.db", [issue(1), issue(2, closed=9000, comments=said)])
    fill(path, [issue(4)], name="octo/gadgets", key=2)
    mark_moved(path, "octo/widgets", 1, "octo/gadgets#4")
    found, issues = found_in(path)
    assert [issues.name(each.target) for each in found if each.target is not None] == ["octo/gadgets#4"]


def test_the_events_of_an_issue_are_not_those_of_its_namesake_elsewhere(tmp_path: Path) -> None:
    path = fill(tmp_path / "store.db", [issue(1), issue(2, closed=9000)])
    said = [comment(5, "keeper", "octo/widgets#2 is a duplicate of octo/widgets#1", 8990)]
    reopened = [mark("unmarked_as_duplicate", 9500, HERE), mark("closed", 8991, HERE, "somebody")]
    fill(path, [issue(2, closed=8991, comments=said, events=reopened)], name="octo/gadgets", key=2)
    found, issues = found_in(path)
    (each,) = [each for each in found if each.source == "comment"]
    assert (issues.name(each.issue), each.seconds_to_close, each.by_closer, each.withdrawn_reason) == (
        "octo/widgets#2",
        10,
        True,
        "",
    )


def test_of_two_deleted_accounts_one_denies_what_the_other_said(tmp_path: Path) -> None:
    said = [
        replace(comment(n, "ghost", body, 8990 + n), author=None)
        for n, body in enumerate(("Duplicate of #1", "This is not a duplicate"))
    ]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert each.withdrawn_reason == "denied"


def test_a_ruling_that_names_its_target_twice_is_on_the_issue(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "I think #1 is a dup of #1 or so", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert (each.issue, each.target) == (1, 0)


def test_full_addresses_are_those_of_the_stores_own_server(tmp_path: Path) -> None:
    said = [
        comment(5, "keeper", "Duplicate of https://github.example.com/octo/widgets/issues/1", 8990),
        comment(6, "keeper", "Duplicate of https://github.com/octo/widgets/issues/3", 8991),
    ]
    issues = [issue(1), issue(2, closed=9000, comments=said), issue(3)]
    evidence, _ = found_in(fill(tmp_path / "store.db", issues, server="https://github.example.com/api/v3"))
    assert [(each.target, each.tier) for each in evidence] == [(0, "whole_comment")]


@pytest.mark.parametrize(
    ("comments", "labelled"),
    [
        (["follow #1", "x", "y"], True),  # one of the last three
        (["follow #1", "x", "y", "z"], False),
        (["follow #1", "and #1"], True),
        (["follow #1", "#2 is this one"], True),  # itself does not count
        (["follow #1", "see https://github.com/octo/widgets/pull/7"], True),
        (["follow octo/widgets#1", "x"], True),
        (["follow nothing"], False),
    ],
)
def test_the_last_three_comments_name_the_one_target_of_a_label(
    tmp_path: Path, comments: list[str], labelled: bool
) -> None:
    said = [comment(5 + n, "keeper", body, 8900 + n) for n, body in enumerate(comments)]
    found = on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=said))
    assert [(each.tier, each.target) for each in found] == ([("label_with_target", 0)] if labelled else [])


def test_a_state_of_duplicate_needs_a_target_as_a_label_does(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Please follow #1", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, reason="duplicate", comments=said))
    assert (each.tier, each.source, each.seconds_to_close, each.by_closer) == ("label_with_target", "state", 10, True)


def test_evidence_is_ordered_by_issue_time_and_trust(tmp_path: Path) -> None:
    second = [comment(5, "ann", "Maybe a duplicate of #3", 100), comment(6, "keeper", "Duplicate of #1", 50)]
    first = [comment(7, "ann", "Duplicate of #3", 8000)]
    path = new_store(
        tmp_path, [issue(1, closed=9000, comments=first), issue(2, closed=9000, comments=second), issue(3)]
    )
    assert [(each.issue, each.source_id) for each in found_in(path)[0]] == [(0, "C7"), (1, "C6"), (1, "C5")]


def test_a_mark_on_an_issue_that_is_gone_or_of_a_pull_request_is_none(tmp_path: Path) -> None:
    marked = issue(2, closed=9000, events=[mark("marked_as_duplicate", 8990, Reference("octo/widgets", 7))])
    assert on_second(tmp_path, marked, pulls=[7]) == []


def test_a_mark_without_a_repository_means_its_own(tmp_path: Path) -> None:
    marked = issue(2, closed=9000, events=[mark("marked_as_duplicate", 8990, Reference(None, 1), "triage[bot]")])
    (each,) = on_second(tmp_path, marked)
    assert (each.target, each.reference, each.actor, each.by_closer) == (0, "octo/widgets#1", "bot", False)


def test_a_user_that_github_calls_a_bot_is_one(tmp_path: Path) -> None:
    said = replace(comment(5, "helper", "Duplicate of #1", 8990), author=User("helper", None, "Bot"))
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=[said]))
    assert each.actor == "bot"


def test_a_suggestion_that_was_taken_up_is_passed_over_only_for_a_ruling_that_stands(tmp_path: Path) -> None:
    maybe, ruling = comment(5, "ann", "Possibly a duplicate of #1", 8900), comment(6, "keeper", "Dup of #3", 8910)
    sorry = comment(7, "keeper", "Sorry, this is not a duplicate of #3", 8920)
    for said, tier in (([maybe], "settled_suggestion"), ([maybe, ruling], "suggestion")):
        path = new_store(tmp_path, [issue(1), issue(2, closed=9000, comments=said), issue(3)])
        assert [each.tier for each in found_in(path)[0] if each.source_id == "C5"] == [tier]
    path = new_store(tmp_path, [issue(1), issue(2, closed=9000, comments=[maybe, ruling, sorry]), issue(3)])
    assert [each.tier for each in found_in(path)[0] if each.source_id == "C5"] == ["settled_suggestion"]


def test_only_later_comments_take_a_ruling_back_or_take_it_up(tmp_path: Path) -> None:
    denied = comment(5, "ann", "This is not a duplicate of #1, I think", 8900)
    ruling = comment(6, "keeper", "Duplicate of #1", 8910)
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=[denied, ruling]))
    assert (each.source_id, each.withdrawn_reason) == ("C6", "")
    agreed, asked = comment(5, "ann", "Yes, it is a duplicate.", 100), comment(6, "keeper", "Dup of #1?", 110)
    (each,) = on_second(tmp_path, issue(2, closed=9000 + 20 * DAY, comments=[agreed, asked]))
    assert each.tier == "suggestion"


def test_a_label_adds_to_a_comment_that_only_relates_or_was_made_while_open(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Closing in favour of #1", 8990)]
    found = on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=said))
    assert sorted(each.tier for each in found) == ["label_with_target", "related"]
    said = [comment(5, "keeper", "Duplicate of #1", 8990)]
    found = on_second(tmp_path, issue(2, labels=["duplicate"], comments=said))
    assert sorted(each.tier for each in found) == ["label_with_target", "whole_comment"]
    found = on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=said))
    assert [each.tier for each in found] == ["whole_comment"]
