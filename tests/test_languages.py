"""The language of a text, by its script and its words."""

import pytest

from gis.dataset.settings import TextSettings
from gis.dataset.texts.filters import REASONS, judge
from gis.languages import language, possible_languages

CHINESE = "保存配置后重启服务，页面一直显示空白，日志里没有任何错误，换一个浏览器也是如此。"  # noqa: RUF001
JAPANESE = "設定を保存してから再起動すると、画面が真っ白のままになります。"
KOREAN = "설정을 저장하고 다시 시작하면 화면이 하얗게 나옵니다."
THAI = "หลังจากบันทึกการตั้งค่าแล้วเริ่มใหม่ หน้าจอว่างเปล่า"
UKRAINIAN = "Сторінка порожня після перезапуску"
GREEK = "Η σελίδα μένει κενή μετά την επανεκκίνηση"  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "code"), [(CHINESE, "zh"), (JAPANESE, "ja"), (KOREAN, "ko"), (THAI, "th"), (GREEK, "el")]
)
def test_a_script_tells_the_language_of_a_short_text(text: str, code: str) -> None:
    assert language(text) == code
    assert REASONS[judge(f"{text} a b c d e", TextSettings())] == "language"
    assert REASONS[judge(f"{text} a b c d e", TextSettings(languages=("en", code)))] == "kept"


def test_a_script_of_several_languages_leaves_them_open() -> None:
    assert {"ru", "uk", "bg"} <= possible_languages(UKRAINIAN)
    assert language(UKRAINIAN) is None
    assert REASONS[judge(f"{UKRAINIAN} 1", TextSettings())] == "language"
    assert REASONS[judge(f"{UKRAINIAN} 1", TextSettings(languages=("uk",)))] == "kept"


def test_chinese_with_names_from_latin_is_chinese() -> None:
    assert language(f"{CHINESE} firefox chrome docker-compose nginx error.log") == "zh"


def test_english_that_shows_a_few_foreign_words_is_english() -> None:
    text = (
        "The parser fails on the string 文字化け and on naïve words, with an error that names neither the file nor the "
        "line, so that I had to look for both of them by hand for hours."
    )
    assert language(text) == "en"


def test_marks_and_code_tell_nothing() -> None:
    assert possible_languages("→ ✓ 😀 … «»") == frozenset()
    assert REASONS[judge(f"It shows this here:\n```\n{CHINESE}\n```", TextSettings())] == "kept"
