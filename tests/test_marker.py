import pytest

from gis.errors import GisError
from gis.marker import MARKER_START, Marker, marker_in

LISTED = Marker(candidates=(("octo/widgets.js#1", 0.9312), ("octo/--_#70", 0.0)))
ALERT = Marker(candidates=(("octo/widgets#1", 1.0),), certificate="3f2a8c6b91d0")


@pytest.mark.parametrize("marker", [LISTED, ALERT, Marker(candidates=())])
def test_what_was_suggested_is_read_again(marker: Marker) -> None:
    assert str(marker).startswith(MARKER_START)
    assert marker_in(f"{marker}\nPossible duplicates") == marker
    assert marker_in(f"{marker}\r\n\r\nPossible duplicates") == marker


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Possible duplicates",
        f"> {ALERT}",
        f"As it says:\n{ALERT}",
        str(ALERT).replace("1.0000", "99.0000"),
        str(ALERT).replace("#1=", "#one="),
        str(ALERT).replace("3f2a", "3F2A"),
        str(ALERT).removesuffix(" -->"),
        f"{MARKER_START}{' octo/widgets#1=0.5000' * 6} -->",
    ],
)
def test_other_comments_have_none(comment: str) -> None:
    assert marker_in(comment) is None


def test_what_cannot_be_read_again_is_not_written() -> None:
    for name in ("octo/widgets", "a/b#1 --> <b>"):
        with pytest.raises(GisError, match="no marker names"):
            str(Marker(candidates=[(name, 0.5)]))
