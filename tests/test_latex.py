import re

import pytest

from gis.latex import escape, table
from tests.leaderboard.helpers import HOSTILE

COMMANDS = re.compile(r"\\(text[a-z]+\{\}|approx|pm|[{}$&#_%])")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b & 5 %", r"a\_b \& 5 \%"),
        ("$x^2$", r"\$x\textasciicircum{}2\$"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("[2ex] *", "{[}2ex{]} {*}"),
        ("a--b", "a-{}-b"),
        ("---", "-{}-{}-"),
        ("80.1≈", r"80.1$\approx$"),
        ("~`|<>#", r"\textasciitilde{}\textasciigrave{}\textbar{}\textless{}\textgreater{}\#"),
    ],
)
def test_what_acts_as_latex_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@pytest.mark.parametrize("name", [*HOSTILE, r"\input{x}", r"\end{tabular}", "a % b", "a & b", r"x \\ y", "$$", "^^M"])
def test_a_hostile_name_stays_in_its_cell(name: str) -> None:
    lines = table([name, "b"], [[escape(name), "1"]], comments=[name]).splitlines()
    assert lines[2:] == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        f"{escape(name)} & b " + r"\\",
        r"\midrule",
        f"{escape(name)} & 1 " + r"\\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert lines[1].startswith("% ")
    assert not re.search(r"[\\$&#_%~^]", COMMANDS.sub("", escape(name).replace(r"$\approx$", "")))


def test_a_comment_ends_with_its_line() -> None:
    assert len(table(["a"], [], comments=["one\n\\input{x}\r^^M"]).splitlines()) == 8
