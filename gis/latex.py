r"""Write LaTeX tables with booktabs: the only place that knows how LaTeX is escaped."""

import re
from collections.abc import Iterable, Sequence

from gis.masking import masked
from gis.text import visible

REPLACEMENTS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after \\ or \midrule these would be an argument
    "]": "{]}",
    "*": "{*}",
    "–": "--",
    "\N{MINUS SIGN}": "$-$",
    "≈": r"$\approx$",
    "±": r"$\pm$",
    **{character: f"\\{character}" for character in "{}$&#_%"},
}
SPECIAL = re.compile("|".join(map(re.escape, REPLACEMENTS)))
LIGATURE = re.compile(r"-(?=-)|'(?=')|[?!](?=`)")  # two hyphens would become a dash


def escape(text: str) -> str:
    r"""Escape ``text`` so that nothing in it acts as LaTeX: ``a_b`` becomes ``a\_b``."""
    apart = LIGATURE.sub("\\g<0>\0", visible(masked(text)))
    return SPECIAL.sub(lambda match: REPLACEMENTS[match[0]], apart).replace("\0", "{}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, comments: Iterable[str] = ()) -> str:
    r"""Write a LaTeX table, the first column to the left and the others to the right, ending in a newline.

    Args:
        head: The columns' titles, escaped here.
        rows: Cells that are LaTeX already: escape whatever does not come from gis itself.
        comments: Lines for whoever reads the source, made safe here.
    """
    lines = [" & ".join(cells) + r" \\" for cells in (map(escape, head), *rows)]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            *(f"% {visible(masked(comment))}" for comment in comments),
            rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )
