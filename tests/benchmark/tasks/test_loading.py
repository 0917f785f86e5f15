from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.tasks.loading import TasksError, load_tasks
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import UsageError
from tests.benchmark.helpers import ROWS, make_task, write_jsonl


def test_names_paths_frames_and_loaded_tasks_are_loaded_in_order(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "below" / "test.jsonl")
    file = write_jsonl(tmp_path / "file.jsonl")
    given = ["sample", "below", file, pd.DataFrame(ROWS), make_task(tmp_path, "made")]
    tasks = load_tasks(given, SourceSettings(tmp_path))
    assert [task.task.name for task in tasks] == ["sample", "below", "file", "frame", "made"]


def test_a_name_with_a_list_stands_for_several_tasks(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_jsonl(tmp_path / name / "test.jsonl")
    assert [task.task.name for task in load_tasks(["a,b", "b"], SourceSettings(tmp_path))] == ["a", "b"]


def test_a_path_is_no_grammar(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "with,comma=1.jsonl")
    assert [task.task.name for task in load_tasks([path])] == ["with,comma=1"]


def test_all_tasks_that_fail_are_named_at_once(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "good" / "test.jsonl")
    write_jsonl(tmp_path / "flat" / "test.jsonl", [{**row, "score": 1} for row in ROWS])
    with pytest.raises(TasksError) as caught:
        load_tasks(["good", "flat", "lee50", tmp_path / "good"], SourceSettings(tmp_path))
    assert "--" not in str(caught.value)
    flat, lee50, rest = caught.value.for_command_line.splitlines()
    assert flat.endswith("all labels are 1, so there is nothing to rank")
    assert lee50.endswith("put it in DIR/lee50/test.jsonl and add --data DIR")
    assert rest == f"the others can be scored: --task {tmp_path / 'good'}"


def test_a_sample_without_contrast_is_named_as_one(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "flat.jsonl", [{**ROWS[0], "score": float(n == 0)} for n in range(100)])
    with pytest.raises(TasksError, match=r"the sample of .*flat\.jsonl: all labels are 0"):
        load_tasks([path], SourceSettings(limit=2))


def test_a_hub_that_cannot_be_reached_is_reported_once_for_a_suite() -> None:
    with pytest.raises(TasksError) as caught:
        load_tasks(["sts"], SourceSettings(offline=True))
    (line,) = caught.value.for_command_line.splitlines()
    assert line.startswith("no datasets mteb/sts12-sts, mteb/sts13-sts, ")
    assert line.count("offline, and the local Hub cache does not hold it") == 1
    assert "mteb/sickr-sts" in line


@pytest.mark.parametrize("thing", [3, None, {"text1": ["a"]}])
def test_what_is_not_a_task_is_refused(thing: object) -> None:
    with pytest.raises(UsageError, match="is not a task; expected a name, a path, a DataFrame or a loaded task"):
        load_tasks([thing])


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two different tasks are called 'frame'"):
        load_tasks([pd.DataFrame(ROWS), pd.DataFrame(ROWS[1:])])
    for folder in ("x", "y"):
        write_jsonl(tmp_path / folder / "same" / "test.jsonl", ROWS[len(folder) % 2 :])
    with pytest.raises(UsageError, match="two different tasks are called 'same'"):
        load_tasks([str(tmp_path / folder / "same") for folder in ("x", "y")])


def test_no_task_is_refused() -> None:
    with pytest.raises(UsageError, match="no task was given"):
        load_tasks([])
