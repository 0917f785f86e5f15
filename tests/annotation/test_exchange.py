"""Reviews go to Argilla and Label Studio and come back without loss; what people change there is taken over."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.annotation.exchange import Form, export_reviews, import_reviews
from gis.annotation.review import Review, Reviews
from gis.api import export_reviews as export_of_api
from gis.benchmark.tasks.pairs import Pairs
from gis.errors import GisError, UsageError
from tests.annotation.helpers import annotated, pairs_file
from tests.benchmark.helpers import make_pairs
from tests.command_line import Gis

FORMS: tuple[Form, ...] = ("argilla", "label-studio")
every_form = pytest.mark.parametrize("form", FORMS)
PAIRS = make_pairs([0.2, 2.5, 4.9, 5.0])


@pytest.fixture
def reviews(tmp_path: Path) -> Reviews:
    reviews = Reviews(tmp_path / "first.jsonl", PAIRS)
    reviews.add(0, "no", seconds=1.5, reviewer="Ada")
    reviews.add(2, "yes", seconds=2.5, reviewer="Ada")
    reviews.add(2, "no", seconds=3.5, reviewer="Ben")
    reviews.add(3, "unsure", seconds=4.5, reviewer="")
    return reviews


def exported(reviews: Reviews, folder: Path, form: Form) -> list[dict[str, Any]]:
    export_reviews(folder / "export.json", PAIRS, range(len(PAIRS)), reviews, form)
    content: list[dict[str, Any]] = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    return content


def imported(folder: Path, content: object, pairs: Pairs = PAIRS) -> Reviews:
    (folder / "import.json").write_text(json.dumps(content), encoding="utf-8")
    reviews = Reviews(folder / "second.jsonl", pairs)
    import_reviews(folder / "import.json", pairs, reviews)
    return Reviews(folder / "second.jsonl", pairs)  # as it was written


@every_form
def test_the_way_there_and_back_loses_nothing(reviews: Reviews, tmp_path: Path, form: Form) -> None:
    assert imported(tmp_path, exported(reviews, tmp_path, form)).by_reviewer == reviews.by_reviewer
    before = (tmp_path / "second.jsonl").read_bytes()
    imported(tmp_path, exported(reviews, tmp_path, form))  # once more: all is known
    assert (tmp_path / "second.jsonl").read_bytes() == before


def test_a_record_of_argilla_has_its_shape(reviews: Reviews, tmp_path: Path) -> None:
    _, empty, record, _ = exported(reviews, tmp_path, "argilla")
    assert set(record) == {"id", "fields", "metadata", "suggestions", "responses", "vectors", "_server_id"}
    assert (record["id"], record["fields"]) == ("2", {"text1": "left 2", "text2": "right 2"})
    assert [set(response) for response in record["responses"]["same"]] == [{"value", "user_id"}] * 2
    assert [response["value"] for response in record["responses"]["same"]] == ["yes", "no"]
    assert all(isinstance(value, str) for value in record["metadata"]["gis_reviews"])
    assert empty["responses"] == {}


def test_a_task_of_label_studio_has_its_shape(reviews: Reviews, tmp_path: Path) -> None:
    _, empty, task, _ = exported(reviews, tmp_path, "label-studio")
    assert set(task) == {"data", "annotations"}
    assert {name: task["data"][name] for name in ("id", "text1", "text2")} == {
        "id": "2",
        "text1": "left 2",
        "text2": "right 2",
    }
    (result,) = task["annotations"][0]["result"]
    assert {**result, "id": ""} == {
        "id": "",
        "from_name": "same",
        "to_name": "text1",
        "type": "choices",
        "value": {"choices": ["yes"]},
    }
    assert task["annotations"][0]["lead_time"] == 2.5
    assert "completed_by" not in task["annotations"][0]
    assert empty["annotations"] == []


@every_form
def test_scores_are_not_shown_before_a_pair_is_reviewed(reviews: Reviews, tmp_path: Path, form: Form) -> None:
    assert "score" not in json.dumps(exported(reviews, tmp_path, form)[1])


# what Label Studio exports of a task that a person annotated there: https://labelstud.io/guide/task_format
TASK: dict[str, Any] = {
    "id": 7,
    "project": 83,
    "data": {"id": "1", "text1": "left 1", "text2": "right 1", "gis_reviews": []},
    "annotations": [
        {
            "id": 1001,
            "completed_by": {"id": 1, "email": "cy@example.org", "first_name": "", "last_name": ""},
            "result": [
                {
                    "id": "Dx_aB91ISN",
                    "from_name": "same",
                    "to_name": "text1",
                    "type": "choices",
                    "origin": "manual",
                    "value": {"choices": ["no"]},
                }
            ],
            "was_cancelled": False,
            "ground_truth": False,
            "created_at": "2026-03-09T22:16:08.728353Z",
            "updated_at": "2026-03-09T22:17:08.728378Z",
            "lead_time": 4.288,
            "task": 7,
        },
        {"id": 1002, "completed_by": 10, "result": [], "was_cancelled": True, "created_at": "2026-03-09T22:16:08Z"},
    ],
    "predictions": [],
    "meta": {},
}
# what argilla's to_json writes of a record that two users answered
RECORD: dict[str, Any] = {
    "id": "1",
    "fields": {"text1": "left 1", "text2": "right 1"},
    "metadata": {},
    "suggestions": {},
    "responses": {"same": [{"value": "no", "user_id": "1ce1ab3c-0000-4000-8000-000000000001"}]},
    "vectors": {},
    "_server_id": "7d0b8e3c-0000-4000-8000-00000000000a",
}
# an answer of ours as it stands beside a pair there
KEPT: dict[str, Any] = {
    "id": "1",
    "texts": "0" * 64,
    "score": 2.5,
    "answer": "no",
    "seconds": 1.0,
    "time": "2026-03-09T22:16:08+00:00",
    "reviewer": "Ada",
}


def answered(**changes: object) -> dict[str, Any]:
    """The task of Label Studio with changes to its first annotation."""
    return {**TASK, "annotations": [{**TASK["annotations"][0], **changes}]}


def kept_beside(**changes: object) -> dict[str, Any]:
    """The record of Argilla with an answer of ours, changed."""
    return {**RECORD, "metadata": {"gis_reviews": [json.dumps({**KEPT, **changes})]}}


def test_an_answer_from_label_studio_is_taken_over_with_name_and_time(tmp_path: Path) -> None:
    (review,) = imported(tmp_path, [TASK]).of("cy@example.org").values()
    assert (review.answer, review.seconds, review.time) == ("no", 4.3, "2026-03-09T22:17:08+00:00")


def test_an_answer_from_argilla_is_taken_over_with_its_user(tmp_path: Path) -> None:
    reviews = imported(tmp_path, [RECORD])
    (reviewer,) = reviews.by_reviewer
    assert reviewer == "1ce1ab3c-0000-4000-8000-000000000001"
    assert reviews.verdicts() == {1: "no"}
    assert exported(reviews, tmp_path, "argilla")[1]["responses"] == RECORD["responses"]


@every_form
def test_an_answer_that_was_changed_there_is_the_same_persons(reviews: Reviews, tmp_path: Path, form: Form) -> None:
    content = exported(reviews, tmp_path, form)
    if form == "argilla":
        content[2]["responses"]["same"][1]["value"] = "yes"
    else:
        content[2]["annotations"][1]["result"][0]["value"]["choices"] = ["yes"]
        content[2]["annotations"][1] |= {"completed_by": 3, "updated_at": "2099-01-01T00:00:00Z"}
    (tmp_path / "changed.json").write_text(json.dumps(content), encoding="utf-8")
    assert [conflict.id for conflict in reviews.conflicts()] == ["2"]
    assert import_reviews(tmp_path / "changed.json", PAIRS, reviews) == (1, 3, 0)
    assert reviews.of("Ben")[2].answer == "yes"
    assert reviews.conflicts() == []
    if form == "label-studio":  # an older export does not undo a newer answer
        exported_before = exported(reviews, tmp_path, form)
        reviews.record(Review(**{**vars(reviews.of("Ben")[2]), "answer": "no", "time": "2099-01-02T00:00:00+00:00"}))
        (tmp_path / "old.json").write_text(json.dumps(exported_before), encoding="utf-8")
        assert import_reviews(tmp_path / "old.json", PAIRS, reviews) == (0, 4, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "expected is a JSON list"),
        ([{"id": 1}], "record 1 cannot be read"),
        ([1], "record 1 cannot be read"),
        ([RECORD, {**RECORD, "responses": {"same": [{"value": "perhaps", "user_id": "x"}]}}], "record 2 .*'perhaps'"),
        ([{**TASK, "annotations": [{"result": [{"from_name": "same", "value": {}}]}]}], "record 1 cannot be read"),
        ([answered(lead_time=10**400)], "too large"),
        ([answered(lead_time=float("nan"))], "took nan seconds"),
        ([answered(lead_time=-1)], "took -1 seconds"),
        ([TASK, answered(updated_at="0001-01-01T00:00:00+14:00")], "record 2 cannot be read"),
        ([{**RECORD, "metadata": {"gis_reviews": ["[" * 100_000]}}], "record 1 cannot be read"),
        ([kept_beside(time=5)], "time is 5, not a text"),
        ([kept_beside(score="high")], "score is 'high', not a number"),
        ([{**RECORD, "fields": {"text1": "other", "text2": "right 1"}}], "none of the 1 answers"),
        ([{**RECORD, "id": "99"}], "none of the 1 answers"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_record(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(GisError, match=message):
        imported(tmp_path, content)
    assert not (tmp_path / "second.jsonl").exists()


def test_an_unknown_form_is_named(tmp_path: Path) -> None:
    annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard")
    with pytest.raises(UsageError, match=r"unknown form 'label_studio'.*label-studio"):
        export_of_api(tmp_path / "out", tmp_path / "a.json", form="label_studio")  # type: ignore[arg-type]


def test_the_verb_exports_imports_and_names_conflicts(gis: Gis, tmp_path: Path) -> None:
    annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard")
    done = gis("review", tmp_path / "out", "--export", tmp_path / "a.json", "--limit", "3", "--form", "argilla")
    assert (done.status, "3 pairs in" in done.out) == (0, True)
    content = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    users = (("yes", "yesyesyes"), ("no", None))
    content[0]["responses"] = {"same": [{"value": value, "user_id": user} for value, user in users]}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    done = gis("review", tmp_path / "out", "--import", tmp_path / "a.json")
    assert done.status == 0, done.err
    assert "2 answers added, 0 were known" in done.out
    assert "Reviewers disagree on one pair, which counts as unsure" in done.out
    assert "same: yesyesyes yes, no name no" in done.out
    assert "were given together" in gis("review", tmp_path / "out", "--import", "a", "--export", "b").err
