import re

import pytest

from gis.words import words


@pytest.mark.parametrize(
    "text",
    [
        "Don't panic: größe=42, snake_case!",
        "E2E \u00e9te\u0301, 1\ufe0f\u20e3 ❤️ done",
        "Привет, мир",
        "",
        "한국어 단어",
    ],
)
def test_scripts_with_blanks_keep_the_runs_of_word_characters(text: str) -> None:
    assert words(text) == re.findall(r"\w+", text.lower())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打开文件", ["打开", "开文", "文件"]),
        ("日", ["日"]),
        ("打开file失败\uff0c重试", ["打开", "file", "失败", "重试"]),
        ("ファイル・名", ["ファ", "ァイ", "イル", "名"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("ที่นี่", ["ที่นี่"]),  # two letters, each with two marks
        ("ລາວ", ["ລາ", "າວ"]),
        ("ខ្មែរ", ["ខ្មែ", "មែរ"]),
        ("မြန်", ["မြန်"]),
    ],
)
def test_scripts_without_blanks_give_bigrams_of_characters(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_marks_stay_with_their_letters() -> None:
    assert words("मुझे सेब पसंद है") == ["मुझे", "सेब", "पसंद", "है"]
    assert words("مَرحبًا") == ["مَرحبًا"]


def test_a_sign_that_is_no_letter_separates() -> None:
    assert words("฿ดี") == ["ดี"]
    assert words("好。\u3000好") == ["好", "好"]


def test_a_quotation_in_a_text_of_another_script_changes_nothing() -> None:
    text = "The compiler prints 输入输出错误 when it cannot open the file that was named on the command line."
    assert words(text) == re.findall(r"\w+", text.lower())
    assert "输入" in words("The compiler prints 输入输出错误")
