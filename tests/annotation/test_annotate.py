"""From pairs to a folder that models are trained and scored on."""

import json
from pathlib import Path
from typing import Any

import pytest

import gis
from gis.annotation.budget import Limits
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError, UsageError
from gis.locks import held_alone
from gis.spec import Spec
from gis.training.data.loading import load_training_data
from tests.annotation.chat_server import grading
from tests.annotation.helpers import PAIRS, annotated, pairs_file
from tests.benchmark.helpers import write_jsonl

MANY: list[dict[str, Any]] = [
    {"id": f"p{n}", "text1": " ".join("abcdefghij"[: n % 9 + 1]), "text2": "a b c d e f g h i", "cluster1": f"c{n}"}
    for n in range(40)
]


def rows_of(output: Path, split: str = "train") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_folder_can_be_trained_on_and_scored(tmp_path: Path) -> None:
    output = tmp_path / "out"
    annotated(pairs_file(tmp_path, MANY), output, "jaccard", "tfidf")
    data = load_training_data(Spec(str(output)), SourceSettings())
    assert len(data.train.rows) == len(MANY)
    results = gis.bench("jaccard", str(output), cache=False)
    assert results.failures == ()
    row = rows_of(output)[3]
    assert set(row) == {"id", "text1", "text2", "score", "order_gap", "spread", "weight", "levels", "cluster1"}
    assert (row["id"], row["cluster1"], row["levels"]) == ("p3", "c3", None)


def test_a_changed_score_is_noticed_when_it_is_used(tmp_path: Path) -> None:
    output = tmp_path / "out"
    annotated(pairs_file(tmp_path), output, "jaccard")
    path = output / "train.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"score": 4.375', '"score": 4.374'), encoding="utf-8")
    with pytest.raises(GisError, match=r"train\.jsonl was changed"):
        gis.bench("jaccard", str(output), cache=False)


def test_texts_of_a_test_split_stay_test_texts(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_jsonl(tmp_path / "set" / f"{split}.jsonl", [{**row, "text1": f"{split} {row['text1']}"} for row in PAIRS])
    annotated(tmp_path / "set", tmp_path / "train", "jaccard")
    assert rows_of(tmp_path / "train")[0]["text1"].startswith("train")
    gis.annotate(f"{tmp_path / 'set'},split=test", "jaccard", output=tmp_path / "test")
    assert rows_of(tmp_path / "test", "test")[0]["text1"].startswith("test")
    with pytest.raises(UsageError, match="has no train split"):
        load_training_data(Spec(str(tmp_path / "test")), SourceSettings())


def test_labels_of_the_pairs_do_not_reach_the_grades(tmp_path: Path) -> None:
    pairs_file(tmp_path, [{**row, "score": "unknown"} for row in PAIRS])
    annotated(tmp_path / "pairs.jsonl", tmp_path / "out", "jaccard")
    assert [row["score"] for row in rows_of(tmp_path / "out")] == [4.375, 3.125, 1.875, 0.625]


def test_gold_labels_calibrate_and_measure(tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path, MANY)
    gold = [{**row, "score": (int(row["id"][1:]) % 9) / 2} for row in MANY[:30]]
    report = annotated(
        pairs, tmp_path / "out", "jaccard", "tfidf", gold=Spec(str(write_jsonl(tmp_path / "gold.jsonl", gold)))
    )
    assert report.calibrated
    by_gold = {row.rater: row for row in report.agreements if row.reference == "gold"}
    assert set(by_gold) == {"jaccard", "tfidf", "all together"}
    assert by_gold["all together"].pairs == 30
    assert by_gold["all together"].spearman.value == pytest.approx(1, abs=0.02)
    assert report.alpha is not None
    saved = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert saved["agreement"][-1]["rater"] == "all together"
    assert saved["agreement"][-1]["spearman"]["value"] == by_gold["all together"].spearman.value


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (
            [{**PAIRS[0], "id": "other", "score": 3}, {**PAIRS[1], "id": "others", "score": 1}],
            "its ids are such as 'other'",
        ),
        ([{**PAIRS[0], "text2": "changed", "score": 3}, {**PAIRS[1], "score": 1}], "is of other texts"),
        ([{**PAIRS[0], "score": 3}, {**PAIRS[0], "score": 1}], "name a pair twice"),
        ([{**PAIRS[0], "score": 7}, {**PAIRS[1], "score": 1}], "are 1 to 7, expected 0 to 5"),
        ([{**PAIRS[0], "score": 3}, {**PAIRS[1], "score": 1}], "2 gold labels are too few"),
    ],
)
def test_gold_labels_that_cannot_be_used_are_refused(tmp_path: Path, gold: list[dict[str, Any]], message: str) -> None:
    path = write_jsonl(tmp_path / "gold.jsonl", gold)
    with pytest.raises(GisError, match=message):
        annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard", gold=Spec(str(path)))
    assert not (tmp_path / "out").exists()


def test_too_few_gold_labels_are_named_before_anything_is_paid_for(tmp_path: Path) -> None:
    gold = [{**row, "score": 3 + number % 2} for number, row in enumerate(MANY[:19])]
    path = write_jsonl(tmp_path / "gold.jsonl", gold)
    with grading() as server, pytest.raises(GisError, match="19 gold labels are too few"):
        annotated(pairs_file(tmp_path, MANY), tmp_path / "out", "judge", base_url=server.url, gold=Spec(str(path)))
    assert not server.requests


def test_gold_labels_that_contradict_every_grade_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = [{**row, "score": 5 - len(row["text1"].split()) / 2} for row in MANY]
    path = write_jsonl(tmp_path / "gold.jsonl", gold)
    annotated(pairs_file(tmp_path, MANY), tmp_path / "out", "jaccard", gold=Spec(str(path)))
    assert len({row["score"] for row in rows_of(tmp_path / "out")}) == 1
    assert "the gold labels do not rise with the grades of any annotator" in capsys.readouterr().err


def test_an_annotator_that_fails_everywhere_is_named(tmp_path: Path) -> None:
    with grading(knows=("chat",), text=lambda _: "quite similar") as server:
        models = ("similarity,model=jaccard", "judge")
        with pytest.raises(GisError, match="no pair has a grade: judge: the answer is not a level"):
            annotated(pairs_file(tmp_path), tmp_path / "out", *models, base_url=server.url)


def test_grades_of_models_are_not_gold_labels(tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path)
    annotated(pairs, tmp_path / "first", "jaccard")
    with pytest.raises(UsageError, match="were given by models; gold labels are people's"):
        annotated(pairs, tmp_path / "out", "jaccard", gold=Spec(str(tmp_path / "first")))


def test_an_annotation_with_other_settings_is_replaced_only_on_request(tmp_path: Path) -> None:
    pairs, output = pairs_file(tmp_path), tmp_path / "out"
    annotated(pairs, output, "jaccard")
    before = (output / "gis_manifest.json").read_bytes()
    annotated(pairs, output, "jaccard")  # the same again
    assert (output / "gis_manifest.json").read_bytes() == before
    for other in ({"prompt": "issues"}, {"max_chars": 20}):
        with pytest.raises(GisError, match="with another prompt"):
            annotated(pairs, output, "jaccard", **other)
    with pytest.raises(GisError, match="holds an annotation of other texts"):
        annotated(pairs, output, "tfidf")
    assert (output / "gis_manifest.json").read_bytes() == before
    annotated(pairs, output, "tfidf", force=True)
    assert b"tfidf" in (output / "gis_manifest.json").read_bytes()


def test_what_others_put_into_the_folder_stays_there(tmp_path: Path) -> None:
    pairs, output = pairs_file(tmp_path), tmp_path / "out"
    annotated(pairs, output, "jaccard")
    for name in ("review/review.jsonl", "notes.txt", "answers/answers.jsonl"):
        (output / name).parent.mkdir(exist_ok=True)
        (output / name).write_text("\n", encoding="utf-8")
    annotated(pairs, output, "tfidf", force=True)
    assert {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()} == {
        *("review/review.jsonl", "notes.txt", "answers/answers.jsonl"),
        *("train.jsonl", "README.md", "report.json", "gis_manifest.json"),
    }


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    pairs, output = pairs_file(tmp_path), tmp_path / "out"
    write_jsonl(output / "mine.jsonl", PAIRS)
    with pytest.raises(GisError, match="holds files that no annotation made"):
        annotated(pairs, output, "jaccard", force=True)
    (output / "gis_manifest.json").write_text('{"settings": {}}', encoding="utf-8")
    with pytest.raises(GisError, match="holds a dataset that no annotation made"):
        annotated(pairs, output, "jaccard", force=True)
    with pytest.raises(GisError, match="is not a folder"):
        annotated(pairs, pairs, "jaccard")


def test_two_commands_do_not_write_to_one_folder(tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path)
    with held_alone(tmp_path / "out", GisError("held")), pytest.raises(GisError, match="another command is writing"):
        annotated(pairs, tmp_path / "out", "jaccard")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "holds no pairs"),
        ([{**PAIRS[0]}, {**PAIRS[0]}], "two pairs have the id 'same'"),
        ([{"text1": "a"}], "text2"),
    ],
)
def test_pairs_that_cannot_be_annotated_are_named(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(GisError, match=message):
        annotated(pairs_file(tmp_path, rows), tmp_path / "out", "jaccard")


def test_a_limit_for_the_cost_needs_prices(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs the prices of m"):
        annotated(pairs_file(tmp_path), tmp_path / "out", "m", base_url="http://127.0.0.1:9/v1", limits=Limits(cost=1))


def test_two_annotators_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two annotators are called 'jaccard'"):
        annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard", "jaccard")


def test_no_annotator_takes_the_name_of_the_ensemble(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'all together' is what reports call"):
        annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard,name=all together")


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://127.0.0.1/v1", "http://", "http:/127.0.0.1", "x"])
def test_what_is_not_an_address_of_a_server_is_refused_at_once(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a server"):
        annotated(pairs_file(tmp_path), tmp_path / "out", "judge", base_url=address)


def test_one_model_under_two_names_does_not_agree_with_itself(tmp_path: Path) -> None:
    models = ("openai,model=judge,name=a", "openai,model=judge,name=b")
    with grading() as server, pytest.raises(UsageError, match="'a' and 'b' are the same model"):
        annotated(pairs_file(tmp_path), tmp_path / "out", *models, base_url=server.url)
    assert not server.requests


def test_a_sample_is_a_part_of_the_pairs_and_the_same_again(tmp_path: Path) -> None:
    for output in ("one", "two"):
        gis.annotate(pairs_file(tmp_path, MANY), "jaccard", output=tmp_path / output, limit=10, seed=3)
    assert len(rows_of(tmp_path / "one")) == 10
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "two")
