"""No text makes a regular expression of the package take more than linear time."""

import re
from collections.abc import Iterator
from time import process_time

import pytest

from tests.linear_patterns import MOST_STEPS, literals_of, steps_per_character
from tests.package_patterns import PackagePattern, package_patterns

# What the judge refuses although it is linear, and why that is known.
LINEAR_ANYWAY = {
    # An attempt is outside quotation marks, between two of one kind, or of the other. Each mark exchanges two of these
    # states, so two attempts in different states never come into the same, and a < ends those outside: three remain.
    "gis.text.TAG",
}

# Tried on REACH characters before or after a reference.
ON_SHORT_TEXTS = ("gis.dataset.labels.english.", "gis.dataset.labels.lexicon.")


@pytest.mark.parametrize(
    "expression",
    [
        "(a|a)*b",
        "(a+)+b",
        "(?:a|ab|b)*c",
        "(a*)*b",
        r"(\w+\s?)*$",
        r"(a?){30}b",
        r"(?:\s*(?:a|[\s,])){0,14}x",
        r"(?:a{1,100}){1,100}b",
        r"[a-z]{0,100}[a-z]{0,100}x",
        r"\s+$",
        "a*b",
        r"\w+@",
        r"(?<!-)\w+@",
        r"\[[^\]]*\]",
        r"\[[^\[\]]*\][^x]*x",
        "x[^y]*y",
        "<!--.*?-->",
        r"(?m)^\s*x",
        "a.*b.*c",
        r"\d+\d+x",
        r"\b\w+\s*\w+=",
        r"[^.]*\.x",
        r"(?=\w*x)y",
        r"\w*\b=",
        "(?:ab?)*abc",
        r"\((?:[^()]|\([^)]*\))*\)",
        r"(\w)\1*x",
        r"(?i)[k\u212a]*k",
        r"(?>\w+)@",
        r"(?:\s*+(?:a|,)){0,14}+x",
    ],
)
def test_what_may_take_long_is_refused(expression: str) -> None:
    assert steps_per_character(expression) > MOST_STEPS


@pytest.mark.parametrize(
    "expression",
    [
        r"\w+",
        r"(?<!\w)\w+@",
        r"(?<![\w.])[\w.]*+[/\\]",
        r"\[[^\[\]]*\]",
        r"\bdup\w*",
        r"a{0,20}b",
        "(?>a*)",
        r"(?<=://)[^/\s]*@",
        r"(?m)^[ \t]*x",
        r"\Aa*b",
        "(?:ab|cd)*+",
        r"\b(?:is|it|isn't|this)\b",
        r"(?:(?:this|that|is|\s)\b){0,5}x",
        r"\n{3,}",
        r"[#?/][^\s)]*(?!\w)",
        r"/(?:[^\s,/]++/(?=[^\s,/]))*+",
        r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?\n]?",
    ],
)
def test_what_is_linear_is_accepted(expression: str) -> None:
    assert steps_per_character(expression) <= MOST_STEPS


def test_one_place_or_the_whole_text_makes_a_difference() -> None:
    assert steps_per_character(r"\s*\d+=") > MOST_STEPS
    assert steps_per_character(r"\s*\d+=", anchored=True) <= MOST_STEPS
    assert steps_per_character(r"\w*\w*", anchored=True) <= MOST_STEPS  # matches at once
    assert steps_per_character(r"\w*\w*", whole=True) > MOST_STEPS  # not if it must end with the text


@pytest.fixture(scope="module")
def patterns() -> list[PackagePattern]:
    return package_patterns()


def test_all_patterns_are_found(patterns: list[PackagePattern]) -> None:
    names = {pattern.name for pattern in patterns}
    assert {"gis.text.TAG", "gis.markdown_spans.END_TAGS", "gis.masking.QUERY"} <= names
    assert len(names) > 120


@pytest.fixture(scope="module")
def refused(patterns: list[PackagePattern]) -> set[str]:
    return {
        pattern.name
        for pattern in patterns
        if steps_per_character(pattern.expression, pattern.flags, anchored=pattern.anchored, whole=pattern.whole)
        > (20 * MOST_STEPS if pattern.anchored or pattern.name.startswith(ON_SHORT_TEXTS) else MOST_STEPS)
    }


@pytest.mark.slow
def test_every_pattern_takes_linear_time(refused: set[str]) -> None:
    assert refused == LINEAR_ANYWAY


@pytest.mark.slow
def test_twice_the_text_takes_twice_the_time(patterns: list[PackagePattern], refused: set[str]) -> None:
    """The same, measured: each pattern searches texts made of its own literals, again and again."""
    slow = {
        (pattern.name, unit)
        for pattern in patterns
        if not pattern.anchored and pattern.name not in refused - LINEAR_ANYWAY
        for unit in _units(pattern)
        if _grows(re.compile(pattern.expression, pattern.flags), unit)
    }
    assert not slow


def _units(pattern: PackagePattern) -> Iterator[str]:
    strings = sorted(literals_of(pattern.expression, pattern.flags))
    yield from strings[:6]
    yield "".join(strings)[:40]
    yield " ".join(strings)[:40]


def _grows(pattern: re.Pattern[str], unit: str) -> bool:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        start = process_time()
        for _ in pattern.finditer(text):
            pass
        return process_time() - start

    long = seconds(8_000)
    if long < 0.05:
        return False
    return min(seconds(8_000) for _ in range(2)) > 2.5 * max(min(seconds(4_000) for _ in range(2)), 0.02)
