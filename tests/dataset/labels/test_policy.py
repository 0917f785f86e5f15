"""What a piece of evidence makes of its pair, and how a file changes that."""

from pathlib import Path

import pytest

from gis.dataset.labels.evidence import TIERS, Actor, Evidence, Tier
from gis.dataset.labels.policy import ACTORS, POLICY, Label, label_of, read_policy
from gis.errors import UsageError


def evidence(tier: Tier, actor: Actor, withdrawn_reason: str = "") -> Evidence:
    return Evidence(
        tier=tier,
        issue=1,
        target=0,
        reference="octo/widgets#1",
        source="comment",
        source_id="C1",
        actor=actor,
        created_at=0,
        by_closer=False,
        seconds_to_close=None,
        withdrawn_reason=withdrawn_reason,
    )


def test_every_tier_and_actor_has_a_label() -> None:
    assert set(POLICY) == {(tier, actor) for tier in TIERS for actor in ACTORS}


@pytest.mark.parametrize(
    ("tier", "actor", "label"),
    [
        ("structured", "person", "positive"),
        ("structured", "bot", "train"),
        ("import_status", "bot", "positive"),
        ("whole_comment", "guess", "related"),
        ("suggestion", "person", "related"),
    ],
)
def test_the_default_policy(tier: Tier, actor: Actor, label: Label) -> None:
    assert label_of(evidence(tier, actor), POLICY) == label


def test_withdrawn_evidence_relates_its_issues_unless_it_is_ignored() -> None:
    withdrawn = evidence("structured", "person", "unmarked")
    assert label_of(withdrawn, POLICY) == "related"
    assert label_of(withdrawn, {**POLICY, ("structured", "person"): "ignore"}) == "ignore"


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[whole_comment]\nperson = "ignore"\n', encoding="utf-8")
    assert read_policy(file) == ({**POLICY, ("whole_comment", "person"): "ignore"}, file.read_text(encoding="utf-8"))
    assert read_policy(None) == (POLICY, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[whole_coment]\nperson = "ignore"', "unknown tier 'whole_coment'. Did you mean whole_comment"),
        ('[related]\nhuman = "ignore"', "unknown actor 'human'"),
        ('[related]\nperson = "good"', "unknown label 'good'"),
        ("related = 1", "related is not a table"),
        ("[", "policy.toml"),
    ],
)
def test_a_file_with_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "policy.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_policy(tmp_path / "policy.toml")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the policy"):
        read_policy(tmp_path / "none.toml")
