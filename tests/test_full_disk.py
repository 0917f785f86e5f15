"""A full disk is named."""

import errno
from pathlib import Path

import pytest

from gis.errors import GisError
from gis.full_disk import full_disk_named


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (OSError(errno.ENOSPC, "no space"), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (RuntimeError("PytorchStreamWriter failed writing file"), False),
        (ValueError("of a library that gives no reason"), False),
    ],
)
def test_a_full_disk_is_told_whatever_a_library_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, left: bool
) -> None:
    full = None if left else OSError(errno.ENOSPC, "no space")
    monkeypatch.setattr("gis.full_disk._write_error", lambda _: full)
    with (
        pytest.raises(GisError, match=f"^no space left on the disk for {tmp_path}$") as caught,
        full_disk_named(tmp_path),
    ):
        raise error
    assert "the same command then continues" in caught.value.remedy


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a bug"), full_disk_named(tmp_path / "new" / "folder"):
        raise ValueError("a bug")
    assert not list(tmp_path.iterdir())
