from pathlib import Path

import pytest

from gis.errors import GisError
from gis.leaderboard.documents import BEGIN, END, with_block, write_or_check
from tests.leaderboard.helpers import HOSTILE, make_table, result, suite


def test_a_new_file_holds_the_table_alone(tmp_path: Path) -> None:
    assert with_block(tmp_path / "new.md", "table\n") == "table\n"


def test_a_leaderboard_that_was_written_before_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "board.md"
    write_or_check(path, make_table(suite("old", 0.5)).to_markdown(), check=False)
    new = make_table(suite("new", 0.5)).to_markdown()
    assert with_block(path, new) == new


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n", encoding="utf-8")
    assert with_block(path, "new\n") == f"# Title\n\n{BEGIN}\nnew\n{END}\n\nrest\n"


def test_writing_between_the_markers_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# Title\n{BEGIN}\n{END}\nrest\n", encoding="utf-8")
    text = make_table([result(name, "stsb", 0.5) for name in HOSTILE]).to_markdown()
    write_or_check(path, with_block(path, text), check=False)
    assert with_block(path, text) == path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").endswith(f"{END}\nrest\n")


@pytest.mark.parametrize("content", ["# mine\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{END}\n", "", "| a | b |\n"])
def test_a_file_that_is_no_leaderboard_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GisError, match=r"notes\.md exists and is not a leaderboard"):
        with_block(path, "new\n")


def test_a_file_that_begins_with_a_leaderboard_and_goes_on_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("| model | my own table |\n| :-- | --: |\n| a | 1 |\n\n# My notes of a year\n", encoding="utf-8")
    with pytest.raises(GisError, match="is not a leaderboard"):
        with_block(path, "new\n")


def test_check_tells_stale_from_fresh_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    assert not write_or_check(path, "new", check=True)
    assert not path.exists()
    assert not write_or_check(path, "new", check=False)
    assert write_or_check(path, "new", check=True)
    assert not write_or_check(path, "newer", check=True)
    assert path.read_text(encoding="utf-8") == "new"
