"""What models read in comments, as evidence that trains and never tests."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.tasks.manifest import MANIFEST
from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.judged import RULINGS, body_hash, read_judged
from gis.dataset.labels.policy import POLICY, label_of
from gis.errors import GisError, UsageError
from gis.hashes import sha256_of, sha256_of_file
from tests.dataset.stores import comment, issue, new_store

BODY = "The kiwis of #1 fell here already, so I am closing."


def row(score: float, body: str = BODY, number: int = 1) -> dict[str, Any]:
    return {
        "score": score,
        "comment": "C7",
        "comment_sha256": body_hash(body),
        "repository2": "octo/widgets",
        "number2": number,
    }


def folder_of(folder: Path, *rows: dict[str, Any], task: str = "rule") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / RULINGS
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    manifest = {
        "annotation": {"task": task, "annotators": {"m1": {}, "m2": {}}},
        "files": {RULINGS: {"sha256": sha256_of_file(path)}},
    }
    (folder / MANIFEST).write_text(json.dumps({**manifest, "identity": sha256_of(manifest)}), encoding="utf-8")
    return folder


def evidence(tmp_path: Path, *rows: dict[str, Any], **of_issue: Any) -> list[Evidence]:  # noqa: ANN401
    given = {"closed": 9000, "comments": [comment(7, "keeper", BODY, 8990)], **of_issue}
    with Store(new_store(tmp_path, [issue(1), issue(2, **given)])) as store:
        issues = load_issues(store)
        found = find_evidence(store, issues, read_judged([folder_of(tmp_path / "judged", *rows)]))
        clusters = find_clusters(found, issues, POLICY).clusters
        assert all(not cluster.human_confirmed for cluster in clusters)
        return found


def test_a_judged_comment_is_evidence_for_train_and_names_the_models(tmp_path: Path) -> None:
    (each,) = evidence(tmp_path, row(4.2))
    assert (each.tier, each.issue, each.target, each.actor) == ("judged", 1, 0, "person")
    assert (each.source, each.source_id) == ("comment, read by m1, m2", "C7")
    assert label_of(each, POLICY) == "train"


@pytest.mark.parametrize("given", [row(3.9), row(5, body="edited since"), row(5, number=99)])
def test_what_is_not_called_a_ruling_or_was_edited_is_no_evidence(tmp_path: Path, given: dict[str, Any]) -> None:
    assert [each for each in evidence(tmp_path, given) if each.target is not None] == []


def test_what_a_later_comment_denies_does_not_count(tmp_path: Path) -> None:
    comments = [comment(7, "keeper", BODY, 8990), comment(8, "reporter", "This is not a duplicate of #1.", 8995)]
    (each, *_) = evidence(tmp_path, row(5), comments=comments)
    assert (each.tier, label_of(each, POLICY)) == ("judged", "related")


def test_a_bots_words_do_not_count(tmp_path: Path) -> None:
    (each,) = evidence(tmp_path, row(5), comments=[comment(7, "triage[bot]", BODY, 8990)])
    assert label_of(each, POLICY) == "related"


def test_a_label_with_a_target_keeps_its_trust(tmp_path: Path) -> None:
    given: dict[str, Any] = {"closed": 9000, "comments": [comment(7, "keeper", BODY, 8990)], "labels": ["duplicate"]}
    with Store(new_store(tmp_path, [issue(1), issue(2, **given)])) as store:
        issues = load_issues(store)
        found = find_evidence(store, issues, read_judged([folder_of(tmp_path / "judged", row(5))]))
        (cluster,) = find_clusters(found, issues, POLICY).clusters
    assert {each.tier for each in found} == {"judged", "label_with_target"}
    assert cluster.human_confirmed


def decided(first: int, second: int, label: float, decision: str | None) -> dict[str, Any]:
    names = {"repository1": "octo/widgets", "number1": first, "repository2": "octo/widgets", "number2": second}
    return {**names, "given_label": label, "decision": decision, "score": 2.5}


def test_what_people_decided_about_labels_counts(tmp_path: Path) -> None:
    ruled = [comment(7, "keeper", "Duplicate of #1", 8990)]
    issues_of = [issue(1), *(issue(n, closed=9000, comments=ruled) for n in (2, 3)), issue(4), issue(5)]
    rows = [decided(2, 1, 1.0, "no"), decided(4, 1, 0.0, "yes"), decided(5, 1, 0.0, None), decided(3, 1, 1.0, "yes")]
    folders = [folder_of(tmp_path / "repaired", *rows, task="repair"), folder_of(tmp_path / "judged", row(5))]
    with Store(new_store(tmp_path, issues_of)) as store:
        issues = load_issues(store)
        judged = read_judged(folders)
        found = find_evidence(store, issues, judged)
        assert find_evidence(store, issues) == find_evidence(store, issues, read_judged([]))
    assert [(each.tier, each.issue, label_of(each, POLICY), each.withdrawn_reason) for each in found] == [
        ("whole_comment", 1, "related", "denied in review"),
        ("whole_comment", 2, "positive", ""),
        ("reviewed", 3, "train", ""),
    ]
    assert judged.to_json()["models"] == ["m1", "m2"]
    assert len(judged.identities) == 2


def test_a_folder_of_something_else_or_that_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no rulings"):
        read_judged([tmp_path / "nothing"])
    with pytest.raises(UsageError, match="holds no rulings"):
        read_judged([folder_of(tmp_path / "graded", task="grade")])
    changed = folder_of(tmp_path / "changed", row(5))
    (changed / RULINGS).write_text(json.dumps(row(4)) + "\n", encoding="utf-8")
    with pytest.raises(GisError, match="is not as gis wrote it"):
        read_judged([changed])
    with pytest.raises(GisError, match="no rulings that can be read"):
        read_judged([folder_of(tmp_path / "odd", {"score": "high"})])
    with pytest.raises(GisError, match="no issue is called"):
        read_judged([folder_of(tmp_path / "odd", row(5, number="1; DROP TABLE"))])  # type: ignore[arg-type]
    (changed / MANIFEST).write_text("{}", encoding="utf-8")
    with pytest.raises(GisError, match="no rulings that can be read"):
        read_judged([changed])
