import json
from pathlib import Path

import pytest

from gis.benchmark.records import task_record
from gis.benchmark.tasks.catalogue import resolve_tasks
from gis.benchmark.tasks.manifest import MANIFEST
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.spec import Spec
from tests.benchmark.helpers import sign_dataset, write_jsonl

CARD = "---\nlicense: other\nlicense_name: texts-belong-to-their-authors\npretty_name: 'Issues of a/b'\n---\n# Hello\n"
SETTINGS = {"text": {"form": "markdown"}}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as ``gis build`` leaves it."""
    folder = tmp_path / "issues"
    write_jsonl(folder / "test.jsonl")
    write_jsonl(folder / "time" / "test.jsonl")
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    sign_dataset(folder, settings=SETTINGS)
    return folder


def load(folder: Path, **options: str) -> LoadedTask:
    (task,) = resolve_tasks([Spec(str(folder), options)], None)
    return load_task(task, SourceSettings())


@pytest.mark.parametrize("config", [".", "time"])
def test_results_of_a_built_dataset_record_markup_licence_and_citation(built: Path, config: str) -> None:
    identity = json.loads((built / MANIFEST).read_text(encoding="utf-8"))["identity"]
    record = task_record(load(built / config))
    assert record.text == "markdown"
    assert record.licence == "texts-belong-to-their-authors"
    assert record.citation == f"Issues of a/b, built by gis, identity {identity}"


def test_stripped_texts_are_recorded_as_plain(built: Path) -> None:
    assert task_record(load(built, text="plain")).text == "plain"


def test_a_folder_with_a_card_alone_records_the_licence(built: Path) -> None:
    (built / MANIFEST).unlink()
    record = task_record(load(built))
    assert (record.text, record.licence, record.citation) == ("html", "texts-belong-to-their-authors", None)


@pytest.mark.parametrize("card", ["", "---\n: [\n---\n", "---\nlicense: 3\n", "# no metadata\n"])
@pytest.mark.parametrize("settings", [3, {}, {"text": 3}])
def test_what_says_nothing_of_the_texts_is_no_reason_not_to_score(built: Path, card: str, settings: object) -> None:
    (built / "README.md").write_text(card, encoding="utf-8")
    sign_dataset(built, settings=settings)
    assert task_record(load(built)).text == "html"


def test_a_folder_without_a_card_records_nothing(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "test.jsonl")
    record = task_record(load(tmp_path / "mine"))
    assert (record.text, record.licence, record.citation) == ("html", None, None)


@pytest.mark.parametrize(
    "card", ["# Pairs of my own\n", "", "---\nlicense: [\n---\n", "---\n- a list\n---\n", "---\nopen"]
)
def test_a_card_without_metadata_says_nothing_and_prints_nothing(
    built: Path, card: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (built / "README.md").write_text(card, encoding="utf-8")
    assert load(built).task.licence is None
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_card_with_windows_line_ends_is_read(built: Path) -> None:
    (built / "README.md").write_bytes(CARD.replace("\n", "\r\n").encode())
    assert load(built).task.licence == "texts-belong-to-their-authors"
