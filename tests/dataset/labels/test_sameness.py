"""Words of sameness, moving, closing and "already", in several languages."""

import pytest

from gis.dataset.labels.sameness import _alternatives, _by_first_letter, speaks_of_sameness


@pytest.mark.parametrize(
    "text",
    [
        "the same as #5",
        "Dupe? #5",
        "Oh, it's #5 again",
        "Sounds rather like #5",
        "This seems to be #5",
        "_Closing_ this one, see #5.",
        "Let's move to #5",
        "#5 has it already",
        "More issues for this crash: #5",
        "I saw an error, which is just #5",
        "This really is #5, isn't it",
        "Probably #5",
        "Esto es lo mismo que #5",
        "mükerrer: #5",
        "Dezelfde fout, zie #5",
        "Це те саме, що #5",
        "هذا مكرر من #5",
        "#5 के समान",
        "Trùng với #5",
        "Sama dengan #5",
        "Já relatado em #5",
        "Voir #5, déjà signalé",
        "Das steht schon in #5",
        "Già segnalato: #5",
        "Это уже есть в #5",
        "和 #5 重复",
        "#5 と同じです",
        "#5 이슈와 동일합니다",
    ],
)
def test_words_of_sameness_are_heard(text: str) -> None:
    assert speaks_of_sameness(text)


@pytest.mark.parametrize(
    "text", ["See also #5", "Depends on #5", "#5 broke the closet", "Needs #5 first", "It is as in #5", "参见 #5"]
)
def test_other_words_are_not(text: str) -> None:
    assert not speaks_of_sameness(text)


@pytest.mark.parametrize(
    ("expression", "alternatives"),
    [
        ("a | b", ["a", "b"]),
        ("a (?: b | c ) d | e", ["a(?:b|c)d", "e"]),
        (r"y\ c | ((a|b)|c)", [r"y\ c", "((a|b)|c)"]),
        ("a", ["a"]),
    ],
)
def test_alternatives_are_those_outside_groups(expression: str, alternatives: list[str]) -> None:
    assert list(_alternatives(expression)) == alternatives


def test_one_expression_reads_each_first_letter_once_and_optional_ones_as_they_are() -> None:
    assert _by_first_letter(["ab | ac", r"be | \w+ | x?y"]) == r"a(?:b|c)|b(?:e)|(?:\w+|x?y)"
