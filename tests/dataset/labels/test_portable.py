"""Expressions for any engine find whatever Python does where case is ignored."""

import re
import sys
from string import ascii_lowercase

import pytest

from gis.dataset.labels.portable import DIGIT, OTHER, WORD, any_case
from gis.dataset.labels.signs import portable_signs

EVERY = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
LETTERS = sorted({letter for sign in portable_signs() for letter in sign.lower() if letter.isalpha()})


def test_a_letter_is_any_that_becomes_it_in_lower_case() -> None:
    large = [other for other in EVERY if other != other.lower()]
    for letter in LETTERS:
        either = re.compile(any_case(letter))
        assert [other for other in large if letter in other.lower() and not either.fullmatch(other)] == [], letter


def test_a_letter_of_ascii_is_any_that_python_finds_where_case_is_ignored() -> None:
    for letter in ascii_lowercase:
        either = re.compile(any_case(letter))
        assert all(either.fullmatch(other) for other in re.findall(letter, EVERY, re.IGNORECASE)), letter


@pytest.mark.parametrize(("ours", "pythons"), [(WORD, r"\w"), (OTHER, r"\W"), (DIGIT, r"\d")])
def test_the_classes_are_pythons_and_all_that_is_not_ascii(ours: str, pythons: str) -> None:
    others = {each for each in EVERY if not each.isascii()} - {"\u2019"}
    assert set(re.findall(ours, EVERY)) - {"\u2019"} == (set(re.findall(pythons, EVERY)) | others) - {"\u2019"}
    assert set(re.findall(pythons, EVERY)) <= set(re.findall(ours, EVERY))


def test_the_signs_of_rulings_can_be_read_by_any_engine() -> None:
    for sign in portable_signs():
        assert "\\" not in sign
        assert "(?" not in sign.replace("(?:", "")
