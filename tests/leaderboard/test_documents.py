from pathlib import Path

import pytest

from gis.errors import GisError
from gis.leaderboard.documents import BEGIN, END, own_document, with_block, write_or_check
from tests.leaderboard.helpers import HOSTILE, make_table, result, suite


def test_a_new_file_holds_the_table_alone(tmp_path: Path) -> None:
    assert own_document(tmp_path / "new.md", "table\n") == "table\n"


def test_a_leaderboard_that_was_written_before_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "board.md"
    write_or_check(path, make_table(suite("old", 0.5)).to_markdown(), check=False)
    new = make_table(suite("new", 0.5)).to_markdown()
    assert own_document(path, new) == new


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


@pytest.mark.parametrize(
    "content",
    [
        "# mine\n",
        f"# mine\n{BEGIN}\n{END}\n",
        "",
        "| a | b |\n",
        "| model | my own table |\n| :-- | --: |\n| a | 1 |\n\n# My notes of a year\n",
    ],
)
def test_a_file_that_is_no_leaderboard_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GisError, match=r"notes\.md exists and is not a leaderboard"):
        own_document(path, "new\n")


def test_every_marked_place_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"{BEGIN}\n{END}\nbetween\n  {BEGIN}\nold\nolder\n  {END}", encoding="utf-8")
    assert with_block(path, "new\n") == f"{BEGIN}\nnew\n{END}\nbetween\n  {BEGIN}\nnew\n  {END}"


def test_markers_inside_a_line_are_text(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"Write {BEGIN} and {END}.\n{BEGIN}\n{END}\n", encoding="utf-8")
    assert with_block(path, "new\n") == f"Write {BEGIN} and {END}.\n{BEGIN}\nnew\n{END}\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("# mine\n", "has no place for a leaderboard"),
        ("", "has no place for a leaderboard"),
        (f"{BEGIN} {END}\n", "has no place for a leaderboard"),
        (f"{BEGIN}\n", f"has an unpaired line {BEGIN}"),
        (f"{END}\n{BEGIN}\n", f"has an unpaired line {END}"),
        (f"{END}\n", f"has an unpaired line {END}"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", f"has an unpaired line {BEGIN}"),
        (f"{BEGIN}\n{END}\n{END}\n", f"has an unpaired line {END}"),
    ],
)
def test_a_file_without_pairs_of_markers_says_how_to_add_them(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GisError, match=rf"notes\.md {reason}") as error:
        with_block(path, "new\n")
    assert BEGIN in error.value.for_command_line
    assert END in error.value.for_command_line


def test_a_file_that_does_not_exist_has_no_markers(tmp_path: Path) -> None:
    with pytest.raises(GisError, match=r"no file at .*README\.md"):
        with_block(tmp_path / "README.md", "new\n")


def test_check_tells_stale_from_fresh_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    assert not write_or_check(path, "new", check=True)
    assert not path.exists()
    assert not write_or_check(path, "new", check=False)
    assert write_or_check(path, "new", check=True)
    assert not write_or_check(path, "newer", check=True)
    assert path.read_text(encoding="utf-8") == "new"
