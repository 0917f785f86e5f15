"""What is sent of an annotation: its pairs, its report and a card; no answers, no reviewers, no secrets."""

import json
from pathlib import Path

import pytest

from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.publishing.prepare import prepare
from gis.publishing.publication import metadata_of
from tests.annotation.helpers import PAIRS, annotated, pairs_file
from tests.command_line import Gis


def licensed(folder: Path) -> Path:
    card = folder / "README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("---\n", "---\nlicense: mit\n", 1), encoding="utf-8")
    return folder


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard", "similarity,model=tfidf,name=the_second")
    return licensed(tmp_path / "out")


def problems_of(folder: Path) -> str:
    return "\n".join(prepare(folder, name="me/graded").problems)


def test_pairs_report_manifest_and_card_are_sent_and_nothing_else(graded: Path) -> None:
    for name in ("answers/answers.jsonl", "review/review.jsonl", "notes.txt"):
        (graded / name).parent.mkdir(exist_ok=True)
        (graded / name).write_text("\n", encoding="utf-8")
    publication = prepare(graded, name="me/graded")
    assert publication.problems == ()
    assert set(publication.files) == {"train.jsonl", "report.json", "gis_manifest.json", "README.md"}
    assert publication.repo_type == "dataset"


def test_the_card_names_models_prompt_agreement_and_what_was_reviewed(graded: Path) -> None:
    pairs = load_scored(graded)
    Reviews(graded / REVIEW, pairs).add(0, "yes", seconds=1, reviewer="Ada")
    card = prepare(graded, name="me/graded").card
    manifest = json.loads((graded / "gis_manifest.json").read_text(encoding="utf-8"))
    assert "| the\\_second | similarity | tfidf | – | – |" in card
    assert manifest["annotation"]["prompt"]["sha256"] in card
    assert "Krippendorff's alpha of all annotators" in card
    assert "1 of 4 pairs were reviewed" in card
    assert "| 4 to 5 | 1 | 1 | 0 | 0 | 1.000 | [0.025, 1.000] |" in card
    assert "Ada" not in card
    assert metadata_of(card)["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]


def test_a_card_without_reviews_says_so(graded: Path) -> None:
    assert "No pair was reviewed by a person" in prepare(graded).card
    assert "reviewed" not in (graded / "README.md").read_text(encoding="utf-8")


def test_a_licence_is_wanted(tmp_path: Path) -> None:
    annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard")
    assert problems_of(tmp_path / "out") == "README.md names no license"


@pytest.mark.parametrize("name", ["train.jsonl", "report.json"])
def test_a_changed_file_is_not_sent(graded: Path, name: str) -> None:
    (graded / name).write_bytes((graded / name).read_bytes() + b"\n")
    assert problems_of(graded) == f"{name} was changed since it was written; annotate again"


def test_a_changed_manifest_is_not_sent(graded: Path) -> None:
    path = graded / "gis_manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"gold_labels": 0', '"gold_labels": 9'), encoding="utf-8")
    assert "gis_manifest.json was changed" in problems_of(graded)


def test_a_secret_in_a_text_is_not_sent(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    annotated(pairs_file(tmp_path, [*PAIRS, {"text1": f"use {token}", "text2": "no"}]), tmp_path / "out", "jaccard")
    assert problems_of(licensed(tmp_path / "out")).startswith("the texts hold secrets: 1 of kind token")


def test_the_verb_shows_the_card_and_refuses_what_an_annotation_has_not(gis: Gis, graded: Path) -> None:
    done = gis("publish", graded, "--to", "me/graded", "--dry-run")
    assert done.status == 0, done.err
    assert "Checked by people" in done.out
    assert (
        "is not a dataset of gis build, so it has no ids"
        in gis(*("publish", graded, "--to", "me/graded", "--dry-run", "--ids-only")).err
    )
