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


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        ("one two three", TextSettings(min_words=3), "kept"),
        ("one two three", TextSettings(min_words=4), "short"),
        ("x" * 20, TextSettings(min_words=1, max_chars=20), "kept"),
        ("x" * 21, TextSettings(min_words=1, max_chars=20), "long"),
    ],
)
def test_a_text_may_be_as_short_and_as_long_as_the_limits(text: str, settings: TextSettings, reason: str) -> None:
    assert REASONS[judge(text, settings)] == reason


def test_any_language_is_kept_where_none_is_asked_for() -> None:
    assert judge(GERMAN, TextSettings(languages=())) == 0


@pytest.mark.parametrize(
    ("text", "code"), [(ENGLISH, "en"), (GERMAN, "de"), ("Kaputt", None), (f"```\n{GERMAN}\n```", None)]
)
def test_the_language_of_prose(text: str, code: str | None) -> None:
    assert language(prose(text)) == code
