"""What a model is trained on: formats, splits, groups of equal meaning, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError, UsageError
from gis.spec import Spec
from gis.training.data.loading import load_training_data
from tests.benchmark.helpers import sign_dataset
from tests.training.helpers import Row, loaded, write_rows

PAIR = {"text1": "a", "text2": "b", "label": 1}
OTHER = {"text1": "c", "text2": "d", "label": 0}


def test_labelled_pairs(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [PAIR, OTHER, {"text1": "a", "text2": "d", "label": 0}])
    write_rows(tmp_path / "valid.jsonl", [PAIR, OTHER])
    write_rows(tmp_path / "test.jsonl", [PAIR, OTHER])
    data = loaded(tmp_path)
    assert data.train.format == "pairs"
    assert data.train.texts == ("a", "c", "b", "d") or set(data.train.texts) == set("abcd")
    assert [[data.train.texts[n] for n in row] for row in data.train.rows] == [["a", "b"], ["c", "d"], ["a", "d"]]
    assert data.train.splits == ("train",)
    assert data.validation is not None
    assert data.validation.splits == ("valid",)


@pytest.mark.parametrize("third", [False, True])
def test_positives_and_triplets(tmp_path: Path, third: bool) -> None:
    row = {"anchor": "a", "positive": "b", **({"negative": "c"} if third else {})}
    write_rows(tmp_path / "train.jsonl", [row, {name: text + text for name, text in row.items()}])
    found = loaded(tmp_path).train
    assert found.format == ("triplets" if third else "positives")
    assert found.labels is None
    assert found.rows.shape == (2, 3 if third else 2)


def test_single_texts_are_their_own_positives(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [{"text": text} for text in ("a", "b", "a", "\ud83d")])
    found = loaded(tmp_path).train
    assert found.format == "positives"
    assert [[found.texts[n] for n in row] for row in found.rows] == [[text, text] for text in ("a", "b", "a", "\ufffd")]
    assert found.mended_texts == 1
    own = found.each_with_itself()
    assert [[own.texts[n] for n in row] for row in own.rows] == [[text, text] for text in ("a", "b", "\ufffd")]


def test_a_text_with_a_label_is_no_row(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [{"text": "a", "label": 1}, {"text": "b", "label": 0}])
    with pytest.raises(GisError, match="text1"):
        loaded(tmp_path)


def groups(rows: list[dict[str, object]], folder: Path, **options: float) -> dict[str, int]:
    write_rows(folder / "train.jsonl", rows)
    found = loaded(folder, **options).train
    return dict(zip(found.texts, map(int, found.groups), strict=True))


def test_duplicates_of_duplicates_are_one_group(tmp_path: Path) -> None:
    rows = [PAIR, OTHER, {"text1": "b", "text2": "e", "label": 1}, {"text1": "e", "text2": "f", "label": 0}]
    found = groups(rows, tmp_path)
    assert found["a"] == found["b"] == found["e"]
    assert len({found[text] for text in "acdf"}) == 4


def test_named_clusters_are_one_group(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {**OTHER, "cluster1": "x", "cluster2": "y"},
        {**PAIR, "label": 0, "cluster1": "x", "cluster2": None},
        {"text1": "e", "text2": "f", "label": 1, "cluster1": "", "cluster2": "y"},
    ]
    found = groups(rows, tmp_path)
    assert found["c"] == found["a"]
    assert found["d"] == found["f"] == found["e"]
    assert len({found["a"], found["b"], found["d"]}) == 3


def test_graded_labels_are_positive_threshold_80_percent_of_their_range(tmp_path: Path) -> None:
    rows = [{"text1": f"x{n}", "text2": f"y{n}", "label": n} for n in range(6)]
    found = groups([dict(row) for row in rows], tmp_path)
    assert [found[f"x{n}"] == found[f"y{n}"] for n in range(6)] == [False, False, False, False, True, True]
    lower = groups([dict(row) for row in rows], tmp_path, positive_threshold=3)
    assert [lower[f"x{n}"] == lower[f"y{n}"] for n in range(6)] == [False, False, False, True, True, True]
    data = loaded(tmp_path).train
    assert data.scaled_labels().tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_each_with_itself(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [PAIR, OTHER])
    found = loaded(tmp_path).train.each_with_itself()
    assert found.labels is None
    assert (found.rows[:, 0] == found.rows[:, 1]).all()
    assert len(found) == 4
    assert len(set(found.groups)) == 4


def test_a_sample_is_drawn_from_the_train_split_alone(tmp_path: Path) -> None:
    rows = [{"text1": f"x{n}", "text2": f"y{n}", "label": n % 2} for n in range(50)]
    write_rows(tmp_path / "train.jsonl", rows)
    write_rows(tmp_path / "validation.jsonl", rows)
    data = load_training_data(Spec(str(tmp_path)), SourceSettings(limit=10, seed=3))
    assert len(data.train) == 10
    assert data.validation is not None
    assert len(data.validation.pairs) == 50
    again = load_training_data(Spec(str(tmp_path)), SourceSettings(limit=10, seed=3)).train
    assert again.sha256 == data.train.sha256
    np.testing.assert_array_equal(again.rows, data.train.rows)


def test_another_task_can_validate(tmp_path: Path) -> None:
    write_rows(tmp_path / "one" / "train.jsonl", [PAIR, OTHER])
    write_rows(tmp_path / "two" / "dev.jsonl", [PAIR, OTHER, PAIR])
    data = loaded(tmp_path / "one", validation=Spec(str(tmp_path / "two")))
    assert data.validation is not None
    assert len(data.validation.pairs) == 3


def test_a_single_file_is_its_own_split(tmp_path: Path) -> None:
    data = loaded(write_rows(tmp_path / "anything.jsonl", [PAIR, OTHER]))
    assert len(data.train) == 2
    assert data.validation is None


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"test": [PAIR, OTHER]}, {}, "has no train split, found: test"),
        ({"train": [PAIR, OTHER], "test": [PAIR]}, {"split": "test"}, "may see a test split"),
        ({"train": [PAIR]}, {}, "needs at least two"),
        ({"train": [PAIR, PAIR]}, {}, "all labels are 1.*anchor and positive"),
        ({"train": [PAIR, {**OTHER, "label": float("nan")}]}, {}, r"train\.jsonl:2: broken JSON \(NaN"),
        ({"train": [{"anchor": "a", "positive": "b"}, {"anchor": 5, "positive": "b"}]}, {}, r":2: anchor is 5"),
        ({"train": [{"query": "a", "document": "b"}]}, {}, "columns found: query, document"),
    ],
)
def test_what_cannot_be_trained_on_is_told(
    tmp_path: Path, files: dict[str, list[dict[str, object]]], options: dict[str, str], message: str
) -> None:
    for split, rows in files.items():
        write_rows(tmp_path / f"{split}.jsonl", rows)
    with pytest.raises(GisError, match=message):
        load_training_data(Spec(str(tmp_path), options), SourceSettings())


def test_a_test_split_validates_nothing(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [PAIR, OTHER])
    write_rows(tmp_path / "test.jsonl", [PAIR, OTHER])
    assert loaded(tmp_path).validation is None
    with pytest.raises(UsageError, match="may see a test split"):
        loaded(tmp_path, validation=Spec(str(tmp_path), {"split": "test"}))


@pytest.mark.shared
def test_the_train_split_of_a_published_task(shared_data: Path) -> None:
    data = load_training_data(Spec("stsb"), SourceSettings(shared_data / "tasks"))
    assert len(data.train) == 5749
    assert data.train.positive_threshold == 4
    assert data.validation is not None
    assert len(data.validation.pairs) == 1500
    with pytest.raises(UsageError, match="sts13 has no train split, found: test"):
        load_training_data(Spec("sts13"), SourceSettings(shared_data / "tasks"))


def rows_of(path: Path) -> list[list[str | None]]:
    data = loaded(path).train
    return [[None if number < 0 else data.texts[number] for number in row] for row in data.rows]


def test_every_hard_negative_is_used_and_a_missing_one_is_missing(tmp_path: Path) -> None:
    pair = {"anchor": "a", "positive": "b"}
    rows: list[Row] = [
        {**pair, "negative_2": "second", "negative_1": "first", "negative_10": "tenth"},
        {**pair, "negative_1": None, "negative_2": "", "negative_10": "alone"},
        pair,
    ]
    path = write_rows(tmp_path / "train.jsonl", rows)
    assert rows_of(path) == [
        ["a", "b", "first", "second", "tenth"],
        ["a", "b", "alone", None, None],
        ["a", "b", None, None, None],
    ]
    assert "" not in loaded(path).train.texts


@pytest.mark.parametrize("names", [("negative-1", "negative-2"), ("hard_negative_1", "hard_negative_2")])
def test_hard_negatives_are_known_under_other_names(tmp_path: Path, names: tuple[str, str]) -> None:
    rows: list[Row] = [{"anchor": "a", "positive": "b", names[0]: "c", names[1]: "d"}, {"anchor": "e", "positive": "f"}]
    assert rows_of(write_rows(tmp_path / "t.jsonl", rows)) == [["a", "b", "c", "d"], ["e", "f", None, None]]


def test_hard_negatives_may_be_a_list(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"anchor": "a", "positive": "b", "negatives": ["c", None, "d"]},
        {"anchor": "e", "positive": "f", "negatives": []},
    ]
    assert rows_of(write_rows(tmp_path / "t.jsonl", rows)) == [["a", "b", "c", "d"], ["e", "f", None, None]]


def test_rows_without_any_hard_negative_are_positive_pairs(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"anchor": "a", "positive": "b", "negative": None},
        {"anchor": "c", "positive": "d", "negative": None},
    ]
    assert loaded(write_rows(tmp_path / "t.jsonl", rows)).train.format == "positives"


FRAME = pd.DataFrame([PAIR, OTHER, {"text1": "e", "text2": None, "label": 0}])


def test_a_frame_is_trained_on_as_a_file_is() -> None:
    data = load_training_data(FRAME, SourceSettings(), validation=FRAME)
    assert (data.train.format, data.train.source) == ("pairs", "a DataFrame")
    assert data.validation is not None
    assert data.validation.pairs.text2 == ("b", "d", "")
    assert load_training_data(FRAME, SourceSettings()).validation is None
    triplets = pd.DataFrame({"anchor": ["a", "b"], "positive": ["c", "d"], "negative": ["e", None]})
    assert load_training_data(triplets, SourceSettings()).train.format == "triplets"


@pytest.mark.parametrize("threshold", [99, 1.5, float("nan"), float("inf")])
def test_a_threshold_that_no_label_reaches_is_refused(tmp_path: Path, threshold: float) -> None:
    path = write_rows(tmp_path / "t.jsonl", [PAIR, OTHER])
    with pytest.raises(UsageError, match=r"no pair of .*t\.jsonl is positive: its labels are 0 to 1"):
        loaded(path, positive_threshold=threshold)
    assert loaded(path, positive_threshold=1).train.positive_threshold == 1


@pytest.mark.parametrize(
    ("rows", "mended"),
    [
        ([{**PAIR, "text1": "half \ud83d"}, OTHER], 1),
        ([{"anchor": "\ud83d", "positive": "b"}, {"anchor": "a", "positive": "\udc00"}], 2),
        ([{"anchor": "a", "positive": "b", "negatives": ["c", "\ud83d", "d"]}, {"anchor": "e", "positive": "f"}], 1),
        ([PAIR, OTHER], 0),
    ],
)
def test_texts_with_half_of_a_character_are_counted(tmp_path: Path, rows: list[Row], mended: int) -> None:
    data = loaded(write_rows(tmp_path / "t.jsonl", rows)).train
    assert data.mended_texts == mended
    assert not any("\ud83d" in text for text in data.texts)


def test_positive_pairs_of_a_dataset_are_validated_on_its_labelled_pairs(tmp_path: Path) -> None:
    pairs: list[Row] = [{"anchor": "a", "positive": "b"}, {"anchor": "c", "positive": "d"}]
    for split in ("train", "valid", "test"):
        write_rows(tmp_path / "positive" / f"{split}.jsonl", pairs)
        write_rows(tmp_path / f"{split}.jsonl", [PAIR, OTHER])
    assert loaded(tmp_path / "positive").validation is None  # any folder may stand around another
    sign_dataset(tmp_path)
    data = loaded(tmp_path / "positive")
    assert data.train.format == "positives"
    assert data.validation is not None
    assert (data.validation.source, data.validation.splits) == (str(tmp_path), ("valid",))
    (tmp_path / "valid.jsonl").unlink()
    sign_dataset(tmp_path)
    assert loaded(tmp_path / "positive").not_validated.startswith("the valid split has no labels")


def test_a_missing_positive_is_an_error_that_names_its_row(tmp_path: Path) -> None:
    rows: list[Row] = [{"anchor": "a", "positive": "b"}, {"anchor": "c", "positive": None}]
    with pytest.raises(GisError, match=r"t\.jsonl:2: positive is missing"):
        loaded(write_rows(tmp_path / "t.jsonl", rows))


def test_a_validation_split_without_labels_does_not_validate_and_says_why(tmp_path: Path) -> None:
    rows: list[Row] = [{"anchor": "a", "positive": "b"}, {"anchor": "c", "positive": "d"}]
    for split in ("train", "valid"):
        write_rows(tmp_path / f"{split}.jsonl", rows)
    data = loaded(tmp_path)
    assert data.validation is None
    assert data.not_validated == "the valid split has no labels to rank (another task can validate)"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "holds no pairs"),
        ([PAIR], "has one pair; a correlation needs at least two"),
        ([PAIR, PAIR], "all labels are"),
    ],
)
def test_pairs_that_cannot_validate_are_named_as_such(tmp_path: Path, rows: list[Row], reason: str) -> None:
    write_rows(tmp_path / "train.jsonl", [PAIR, OTHER])
    write_rows(tmp_path / "valid.jsonl", rows)
    for options in ({}, {"validation": Spec(str(tmp_path))}):
        with pytest.raises(GisError, match=f"^the validation pairs: .*{reason}") as caught:
            loaded(tmp_path, **options)
        assert caught.value.remedy == "name other pairs to validate on with --validation"


def test_weights_are_scaled_to_a_mean_of_1(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [{**PAIR, "weight": 1}, {**OTHER, "weight": 0.5}])
    train = loaded(tmp_path).train
    assert train.weights is not None
    assert train.weights.tolist() == pytest.approx([4 / 3, 2 / 3])
    assert train.description.endswith("weighted: as much as 2 equal rows")
    assert train.each_with_itself().weights is None


def test_equal_weights_are_no_weights(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [PAIR, OTHER])
    without = loaded(tmp_path).train
    write_rows(tmp_path / "train.jsonl", [{**PAIR, "weight": 0.5}, {**OTHER, "weight": 0.5}])
    equal = loaded(tmp_path).train
    assert equal.weights is None
    assert equal.sha256 == without.sha256
    write_rows(tmp_path / "train.jsonl", [{**PAIR, "weight": 0.5}, {**OTHER, "weight": 0.6}])
    assert loaded(tmp_path).train.sha256 != without.sha256


@pytest.mark.parametrize("weight", [0, -1, "many", None, True, 1e-7, 1e308])
def test_a_weight_that_is_not_a_number_above_0_is_refused(tmp_path: Path, weight: object) -> None:
    write_rows(tmp_path / "train.jsonl", [{**PAIR, "weight": 1}, {**OTHER, "weight": weight}])
    with pytest.raises(GisError, match=r"train\.jsonl:2: the weight is .*, not a number above 0"):
        loaded(tmp_path)


def test_weights_of_a_table_without_types_are_numerals(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text1,text2,label,weight\na,b,1,2\nc,d,0,1\n", encoding="utf-8")
    train = loaded(tmp_path).train
    assert train.weights is not None
    assert train.weights.tolist() == pytest.approx([4 / 3, 2 / 3])
