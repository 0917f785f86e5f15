import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gis.benchmark.tasks.catalogue import ALL_SPLITS, Task, catalogue
from gis.benchmark.tasks.pairs import Columns
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.errors import GisError
from tests.benchmark.helpers import ROWS, run, settings, write_jsonl
from tests.benchmark.helpers import FakeEncoder as Fake

PUBLISHED = Task(name="published", label="graded", hub="org/published", revision="0" * 40, rows=len(ROWS))


def load(task: Task, data: Path | None = None, **options: Any) -> LoadedTask:  # noqa: ANN401
    return load_task(task, SourceSettings(data, **options))


def error_of(task: Task, data: Path | None = None, **options: Any) -> str:  # noqa: ANN401
    with pytest.raises(GisError) as caught:
        load(task, data, **options)
    return caught.value.for_command_line


def folder_task(folder: Path, **fields: Any) -> Task:  # noqa: ANN401
    return Task(name=folder.name, folder=str(folder), **fields)


def test_the_packaged_sample_needs_no_data() -> None:
    loaded = load(catalogue()["sample"], offline=True)
    assert (len(loaded.pairs), loaded.label, loaded.verified) == (120, "binary", True)
    assert loaded.pairs.ids[0] != loaded.pairs.ids[-1]


def test_all_splits_are_one_task(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_jsonl(tmp_path / f"{split}.jsonl")
    loaded = load(folder_task(tmp_path, splits=ALL_SPLITS))
    assert (len(loaded.pairs), set(loaded.splits)) == (2 * len(ROWS), {"train", "test"})
    write_jsonl(tmp_path / "all.jsonl")  # a split of this name is meant where there is one
    assert load(folder_task(tmp_path, splits=ALL_SPLITS)).splits == ("all",)


def test_the_test_split_is_chosen_among_several(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    write_jsonl(tmp_path / "train.jsonl", ROWS[:2])
    loaded = load(folder_task(tmp_path))
    assert (loaded.splits, len(loaded.pairs)) == (("test",), len(ROWS))


def test_the_only_split_is_chosen(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "validation.jsonl.gz")
    assert load(folder_task(tmp_path)).splits == ("validation",)


def test_a_named_split_is_chosen(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    write_jsonl(tmp_path / "train.jsonl", ROWS[:2])
    loaded = load(folder_task(tmp_path, splits=("train",)))
    assert (loaded.splits, len(loaded.pairs)) == (("train",), 2)


def test_several_splits_without_test_are_listed(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        write_jsonl(tmp_path / f"{split}.jsonl")
    message = error_of(folder_task(tmp_path))
    assert str(tmp_path) in message
    assert "no split test" in message
    assert "found: train, validation" in message


def test_a_folder_without_pairs_says_what_it_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    message = error_of(folder_task(tmp_path))
    assert str(tmp_path) in message
    assert all(ending in message for ending in (".jsonl", ".csv", ".parquet"))


def test_splits_are_scored_as_one_in_the_tasks_order(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", ROWS[4:])
    write_jsonl(tmp_path / "train.jsonl", ROWS[:4])
    loaded = load(folder_task(tmp_path, splits=("train", "test")))
    assert loaded.pairs.ids == ("a", "b", "c", "d", "e", "f")


def test_shards_are_one_split(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for n in range(2):
        pd.DataFrame(ROWS[3 * n : 3 * n + 3]).to_parquet(tmp_path / "data" / f"test-0000{n}-of-00002.parquet")
    assert load(folder_task(tmp_path)).pairs.ids == ("a", "b", "c", "d", "e", "f")


def test_one_split_in_two_formats_is_not_scored_twice(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    pd.DataFrame(ROWS).to_csv(tmp_path / "test.csv", index=False)
    try:
        loaded = load(folder_task(tmp_path))
    except GisError as error:
        assert "test.csv" in str(error)  # noqa: PT017 - to refuse is as good
    else:
        assert len(loaded.pairs) == len(ROWS)


def test_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "mine.jsonl")
    loaded = load(Task(name="mine", folder=str(path)))
    assert (loaded.source, loaded.splits, len(loaded.pairs)) == (str(path), ("mine",), len(ROWS))


def test_a_folder_may_have_other_column_names(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [{"s1": r["text1"], "s2": r["text2"], "sim": r["score"]} for r in ROWS])
    loaded = load(folder_task(tmp_path, columns=Columns("s1", "s2", "sim")))
    assert loaded.pairs.gold.tolist() == [row["score"] for row in ROWS]


def test_data_goes_before_the_hub(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "published" / "test.jsonl")
    loaded = load(PUBLISHED, tmp_path)
    assert (loaded.source, loaded.revision) == (str(tmp_path / "published"), None)


def test_data_has_the_usual_columns_whatever_the_hubs_are_called(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "published" / "test.jsonl")
    task = replace(PUBLISHED, columns=Columns("question1", "question2", "is_duplicate"), hub_labels={"0": 1.0})
    assert load(task, tmp_path).pairs.gold.tolist() == [row["score"] for row in ROWS]


def test_offline_names_the_dataset_and_the_way_out(tmp_path: Path) -> None:
    message = error_of(PUBLISHED, tmp_path, offline=True)
    assert all(part in message for part in ("org/published", "--offline", "--data DIR", "published/test.jsonl"))


def test_a_task_that_the_hub_does_not_have_says_where_to_put_it() -> None:
    message = error_of(catalogue()["lee50"])
    assert "lee50/test.jsonl" in message
    assert "--data DIR" in message


def test_a_task_that_ships_as_ids_says_how_to_fill_them_in() -> None:
    assert "gis hydrate rust_issues --output DIR/rust_issues" in error_of(catalogue()["rust_issues"])


def test_another_number_of_rows_is_another_test_set(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "published" / "test.jsonl", ROWS[:5])
    message = error_of(PUBLISHED, tmp_path)
    assert "published has 6 pairs" in message
    assert f"{tmp_path / 'published'} holds 5" in message


def test_other_content_of_the_right_length_is_scored_and_noted(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "published" / "test.jsonl")
    loaded = load(replace(PUBLISHED, sha256="0" * 64), tmp_path)
    assert loaded.verified is False
    (result,) = run(Fake(), [loaded], settings(tmp_path))
    assert (result.task.verified, result.task.pinned) == (False, False)
    assert any("catalogue" in note for note in result.notes)


def test_the_catalogues_content_is_verified_in_any_order(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "published" / "test.jsonl")
    sha256 = load(PUBLISHED, tmp_path).sha256
    write_jsonl(tmp_path / "published" / "test.jsonl", ROWS[::-1])
    loaded = load(replace(PUBLISHED, sha256=sha256), tmp_path)
    assert loaded.verified is True
    (result,) = run(Fake(), [loaded], settings(tmp_path))
    assert (result.task.verified, result.task.pinned, result.notes) == (True, True, ())


def test_a_task_without_a_hash_is_neither_verified_nor_not(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "published" / "test.jsonl")
    assert load(PUBLISHED, tmp_path).verified is None


def test_equal_labels_leave_nothing_to_rank(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [{**row, "score": 3} for row in ROWS])
    message = error_of(folder_task(tmp_path))
    assert str(tmp_path) in message
    assert "all labels are 3" in message


def test_one_pair_has_no_correlation(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", ROWS[:1])
    message = error_of(folder_task(tmp_path))
    assert str(tmp_path) in message
    assert "one pair" in message


def test_an_empty_task_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").touch()
    assert error_of(folder_task(tmp_path)) == f"{tmp_path / 'test.jsonl'} holds no pairs"


def test_a_binary_task_with_other_labels_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    assert "more than two different labels" in error_of(folder_task(tmp_path, label="binary"))


@pytest.mark.parametrize("labels", [(0, 1), (0, 0.5), (-1, 1), (1, 2), (0, 5), (False, True), ("no", "yes")])
def test_two_labels_are_binary_whatever_they_are(tmp_path: Path, labels: tuple[object, object]) -> None:
    rows = [{**row, "score": labels[n % 2], "stratum": ("hard", "duplicate")[n % 2]} for n, row in enumerate(ROWS)]
    write_jsonl(tmp_path / "test.jsonl", rows)
    task = load(folder_task(tmp_path))
    assert task.label == "binary"
    assert task.pairs.gold.tolist() == [0, 1] * 3


def test_three_labels_are_graded_also_where_a_sample_holds_two_of_them(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    task = load_task(folder_task(tmp_path), SourceSettings(limit=2))
    assert task.label == "graded"
    assert set(task.pairs.gold) <= {row["score"] for row in ROWS}


def test_graded_labels_of_a_published_task_stay_as_they_are(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [{**row, "score": (1, 4)[n % 2]} for n, row in enumerate(ROWS)])
    assert set(load(folder_task(tmp_path, label="graded")).pairs.gold) == {1, 4}


def test_a_limit_that_leaves_nothing_out_is_no_sample(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    assert load_task(folder_task(tmp_path), SourceSettings(limit=len(ROWS))).limit is None


def test_a_limit_takes_a_sample_and_keeps_the_hash_of_all(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    whole, part = load(folder_task(tmp_path)), load(folder_task(tmp_path), limit=4, seed=1)
    assert (len(part.pairs), part.full_rows, part.limit) == (4, 6, 4)
    assert part.sha256 == whole.sha256
    assert set(part.pairs.ids) < set(whole.pairs.ids)


def test_the_plain_variant_is_stripped_but_hashed_as_published(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [{**row, "text1": f"<p>{row['text1']}</p>"} for row in ROWS])
    html, plain = load(folder_task(tmp_path)), load(folder_task(tmp_path, text="plain"))
    assert html.pairs.text1[0] == f"<p>{ROWS[0]['text1']}</p>"
    assert plain.pairs.text1[0] == ROWS[0]["text1"]
    assert plain.sha256 == html.sha256


def test_empty_texts_are_kept_and_counted(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "text1": ""}, {**ROWS[1], "text2": " \n"}, *ROWS[2:]]
    write_jsonl(tmp_path / "test.jsonl", rows)
    (result,) = run(Fake(), [load(folder_task(tmp_path))], settings(tmp_path))
    assert (result.texts.pairs, result.texts.empty, result.texts.pairs_with_empty) == (6, 2, 2)
    assert any("2 texts are empty" in note for note in result.notes)


def test_extra_columns_are_ignored(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [{**row, "cluster": 7, "note": {"a": []}} for row in ROWS])
    assert len(load(folder_task(tmp_path)).pairs) == len(ROWS)


def test_a_broken_file_is_an_error_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n{broken\n", encoding="utf-8")
    assert error_of(folder_task(tmp_path)).startswith(f"{path}:2: broken JSON")
