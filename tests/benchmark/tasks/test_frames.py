import numpy as np
import pandas as pd
import pytest

from gis.benchmark.tasks.frames import task_from_frame
from gis.benchmark.tasks.pairs import Columns
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings
from gis.errors import GisError, UsageError
from tests.benchmark.helpers import ROWS


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"text1": ["a", "b", "c"], "text2": ["d", "e", "f"], "label": [1, 0, 1], **columns})


def test_a_frame_is_a_task() -> None:
    task = task_from_frame(frame(), "mine")
    assert (task.task.name, task.label, task.source, task.splits) == ("mine", "binary", "a DataFrame", ())
    assert (task.pairs.text1, task.pairs.text2) == (("a", "b", "c"), ("d", "e", "f"))
    assert task.pairs.gold.tolist() == [1, 0, 1]
    assert task.pairs.ids == ("0", "1", "2")


def test_names_come_from_the_caller_then_from_the_frame() -> None:
    named = frame()
    named.attrs["name"] = "from attrs"
    names = [task_from_frame(named, "given"), task_from_frame(named), task_from_frame(frame())]
    assert [task.task.name for task in names] == ["given", "from attrs", "frame"]


def test_a_frame_never_takes_a_name_of_the_catalogue() -> None:
    named = frame()
    named.attrs["name"] = "stsb"
    assert [task_from_frame(named).task.name, task_from_frame(frame(), "sts").task.name] == ["own-stsb", "own-sts"]


def test_ids_scores_and_strata_are_taken() -> None:
    task = task_from_frame(frame(id=["x", "y", "z"], stratum=["", "near", ""]))
    assert task.pairs.ids == ("x", "y", "z")
    assert (task.pairs.groups, task.pairs.grouped_by) == (("", "near", ""), "stratum")
    graded = task_from_frame(frame().rename(columns={"label": "score"}).assign(score=[0.5, 2, 3]))
    assert graded.label == "graded"


def test_other_column_names_can_be_given() -> None:
    renamed = frame().rename(columns={"text1": "a", "text2": "b", "label": "duplicate"})
    task = task_from_frame(renamed, columns=Columns("a", "b", "duplicate"))
    assert task.pairs.gold.tolist() == [1, 0, 1]


def test_a_missing_text_is_empty() -> None:
    assert task_from_frame(frame(text1=["a", None, np.nan])).pairs.text1 == ("a", "", "")


def test_the_same_pairs_in_a_file_have_the_same_hash(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.benchmark.helpers import make_task

    from_file: LoadedTask = make_task(tmp_path_factory.mktemp("data"), "t")
    assert task_from_frame(pd.DataFrame(ROWS)).sha256 == from_file.sha256


def test_a_sample_is_drawn_as_from_a_file() -> None:
    task = task_from_frame(pd.DataFrame(ROWS), settings=SourceSettings(limit=3, seed=1))
    assert (len(task.pairs), task.full_rows, task.limit, task.seed) == (3, len(ROWS), 3, 1)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (frame().drop(columns="label"), r"mine lacks the column label \(or score\); columns found: text1, text2"),
        (frame(label=[1, None, 0]), "mine:2: the label is None, not a number"),
        (frame(text2=["d", 3, "f"]), "mine:2: text2 is 3, not a text"),
        (frame(label=[1, 1, 1]), "all labels are 1"),
        (frame().iloc[:0], "has no pairs; a correlation"),
    ],
)
def test_what_cannot_be_scored_is_named(broken: pd.DataFrame, message: str) -> None:
    with pytest.raises(GisError, match=message):
        task_from_frame(broken, "mine")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two columns have the same name"):
        task_from_frame(frame().set_axis(["text1", "text1", "label"], axis=1))
