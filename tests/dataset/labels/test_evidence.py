"""Evidence in stores made by hand: who, when, and what became of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from gis.collector.records import Event, Issue, Reference, Repository
from gis.collector.store import Store
from gis.dataset.issues.table import Issues, load_issues
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.evidence import Evidence, cross_references, find_evidence, is_duplicate_label
from gis.dataset.labels.policy import POLICY, label_of, read_policy
from gis.errors import UsageError
from tests.dataset.stores import DAY, at, comment, fill, issue, person


def found_in(path: Path) -> tuple[list[Evidence], Issues]:
    with Store(path) as store:
        issues = load_issues(store)
        return find_evidence(store, issues), issues


def on_second(tmp_path: Path, second: Issue, **more: object) -> list[Evidence]:
    """The evidence of a store of issue 1 and this one, number 2."""
    return found_in(fill(tmp_path / "store.db", [issue(1), second], **more))[0]  # type: ignore[arg-type]


def mark(kind: str, when: int, target: Reference, actor: str = "keeper") -> Event:
    return Event(kind, at(when), person(actor), target, None, f"E{when}")  # type: ignore[arg-type]


HERE = Reference("octo/widgets", 1)


def test_structured_marks_and_their_withdrawal(tmp_path: Path) -> None:
    (each,) = on_second(tmp_path, issue(2, closed=9000, events=[mark("marked_as_duplicate", 8990, HERE)]))
    assert (each.tier, each.issue, each.target, each.actor) == ("structured", 1, 0, "person")
    assert (each.by_closer, each.seconds_to_close, each.withdrawn_reason) == (True, 10, "")
    events = [mark("marked_as_duplicate", 8990, HERE), mark("unmarked_as_duplicate", 9500, HERE)]
    (tmp_path / "store.db").unlink()
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


def test_what_was_taken_back_or_reopened_is_only_related(tmp_path: Path) -> None:
    said = [comment(5, "ann", "Duplicate of #1", 8000), comment(6, "ann", "Sorry, not a duplicate of that", 8500)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert each.withdrawn_reason == "taken back"
    (tmp_path / "store.db").unlink()
    reopened = Event("reopened", at(9500), person("ann"))
    again = issue(2, closed=9000, comments=said[:1], events=[Event("closed", at(9000), person("keeper")), reopened])
    (each,) = on_second(tmp_path, again)
    assert each.withdrawn_reason == "reopened"


def test_a_label_needs_one_target_in_the_last_comments(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Please follow #1", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, labels=["Resolution-Duplicate"], comments=said))
    assert (each.tier, each.source) == ("label_with_target", "label")
    (tmp_path / "store.db").unlink()
    two = [*said, comment(6, "keeper", "and #3", 8995)]
    assert on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=two)) == []
    (tmp_path / "store.db").unlink()
    assert on_second(tmp_path, issue(2, closed=9000, labels=["possible-duplicate"], comments=said)) == []


def test_a_label_does_not_revive_what_was_denied(tmp_path: Path) -> None:
    for said in (
        [comment(5, "keeper", "This is not a duplicate of #1", 8990)],
        [comment(5, "keeper", "Duplicate of #1", 8980), comment(6, "keeper", "Sorry, not a duplicate of #1", 8990)],
    ):
        (tmp_path / "store.db").unlink(missing_ok=True)
        found = on_second(tmp_path, issue(2, closed=9000, labels=["duplicate"], comments=said))
        assert not [each for each in found if label_of(each, POLICY) == "positive"]
    (tmp_path / "store.db").unlink()
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


def test_labels() -> None:
    yes = ("duplicate", "Duplicate", "r: duplicate", "S-duplicate", "*duplicate", "kind/dup", "status: duplicate 🔁")
    no = ("potential-duplicate", "not a duplicate", "maybe dup", "dupont", "deduplication")
    assert all(map(is_duplicate_label, yes))
    assert not any(map(is_duplicate_label, no))


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
    with Store.writing(path) as store:
        key = store.repository(Repository("octo/widgets", 1, "octo/widgets"), "graphql")
        store.mark_removed(key, store.begin(key, "graphql", {}), 1, "moved to octo/gadgets#4")
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


def test_deleted_accounts_are_not_one(tmp_path: Path) -> None:
    said = [
        replace(comment(n, "ghost", body, 8990 + n), author=None)
        for n, body in enumerate(("Duplicate of #1", "This is not a duplicate"))
    ]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert each.withdrawn_reason == ""


def test_a_ruling_that_names_its_target_twice_is_on_the_issue(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "I think #1 is a dup of #1 or so", 8990)]
    (each,) = on_second(tmp_path, issue(2, closed=9000, comments=said))
    assert (each.issue, each.target) == (1, 0)


def test_issues_moved_in_a_circle_are_nowhere(tmp_path: Path) -> None:
    said = [comment(5, "keeper", "Duplicate of #1", 8990)]
    path = fill(tmp_path / "store.db", [issue(1), issue(2, closed=9000, comments=said)])
    fill(path, [issue(4)], name="octo/gadgets", key=2)
    with Store.writing(path) as store:
        for name, number, where in (("widgets", 1, "octo/gadgets#4"), ("gadgets", 4, "octo/widgets#1")):
            key = store.repository(Repository(f"octo/{name}", 1 + (name == "gadgets"), f"octo/{name}"), "graphql")
            store.mark_removed(key, store.begin(key, "graphql", {}), number, f"moved to {where}")
    ((each,), _) = found_in(path)
    assert each.target is None


def test_cross_references(tmp_path: Path) -> None:
    cites = [Event("cross_referenced", at(5), None, Reference(None, 1, False))]
    pull = [Event("cross_referenced", at(5), None, Reference(None, 9, True))]
    with Store(fill(tmp_path / "store.db", [issue(1, events=cites + pull), issue(2, events=cites)])) as store:
        assert cross_references(store, load_issues(store)) == [(0, 1)]


def test_the_policy_may_be_changed(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[whole_comment]\nperson = "ignore"\n', encoding="utf-8")
    assert read_policy(file)["whole_comment", "person"] == "ignore"
    assert read_policy(file)["whole_comment", "bot"] == "train"
    for text, message in (
        ('[whole_coment]\nperson = "ignore"', "unknown tier 'whole_coment'. Did you mean whole_comment"),
        ('[related]\nhuman = "ignore"', "unknown actor 'human'"),
        ('[related]\nperson = "good"', "unknown label 'good'"),
        ("related = 1", "related is not a table"),
        ("[", "policy.toml"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=message):
            read_policy(file)
