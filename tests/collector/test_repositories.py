"""Names of repositories: as typed, from a file, and those of a preset."""

from pathlib import Path

import pytest

from gis.collector.repositories import PAPER, named_repositories
from gis.errors import GisError, UsageError


def test_a_name_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "repos.txt"
    file.write_text("# mine\nocto/widgets  # the first\n\nhttps://github.com/octo/Gears.git\n", encoding="utf-8")
    assert named_repositories(["Octo/Widgets"], file=file) == ["Octo/Widgets", "octo/Gears"]


def test_the_preset_has_the_55_repositories_of_the_paper() -> None:
    assert len(PAPER) == len({name.lower() for name in PAPER}) == 55
    assert named_repositories(preset="paper") == list(PAPER)
    with pytest.raises(UsageError, match="unknown preset 'papers'"):
        named_repositories(preset="papers")


@pytest.mark.parametrize("address", ["https://github.com/octo/widgets/", "git@github.com:octo/widgets.git"])
def test_an_address_names_its_repository(address: str) -> None:
    assert named_repositories([address]) == ["octo/widgets"]


@pytest.mark.parametrize("name", ["widgets", "a/b/c", "", "octo/wid gets"])
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not a repository; write OWNER/NAME"):
        named_repositories([name])


def test_a_file_that_is_wrong_says_where(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("octo/widgets\nnonsense here\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.txt:2: 'nonsense here'"):
        named_repositories(file=tmp_path / "bad.txt")
    with pytest.raises(GisError, match=r"none\.txt cannot be read"):
        named_repositories(file=tmp_path / "none.txt")
