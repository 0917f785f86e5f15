"""Which texts are left out."""

import pytest

from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import prose
from gis.dataset.texts.filters import REASONS, judge
from gis.languages import language

ENGLISH = (
    "The program stops with an error when I open a large file and press the button twice, which it should not do "
    "at all."
)
GERMAN = (
    "Das Programm bleibt mit einem Fehler stehen, wenn ich eine große Datei öffne und zweimal auf den Knopf "
    "drücke, was es nicht tun sollte."
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!!!", "empty"),
        ("too short", "short"),
        ("now it is long enough", "kept"),
        ("word " * 99, "long"),
        (ENGLISH, "kept"),
        (GERMAN, "language"),
    ],
)
def test_why_a_text_is_left_out(text: str, reason: str) -> None:
    assert REASONS[judge(text, TextSettings(max_chars=200))] == reason


def test_any_language_is_kept_where_none_is_asked_for() -> None:
    assert judge(GERMAN, TextSettings(languages=())) == 0


@pytest.mark.parametrize(
    ("text", "code"), [(ENGLISH, "en"), (GERMAN, "de"), ("Kaputt", None), (f"```\n{GERMAN}\n```", None)]
)
def test_the_language_of_prose(text: str, code: str | None) -> None:
    assert language(prose(text)) == code
