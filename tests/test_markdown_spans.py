"""Where code, quotes and hidden text are, and that no text takes long."""

import random
import time

import pytest

from gis.markdown_spans import KINDS, Kind, parts, spans


def found(text: str, *kinds: Kind) -> list[tuple[str, str]]:
    return [(kind, part) for kind, part in parts(text, *kinds) if kind]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("say\n```rust\nx\n```\nmore", [("fence", "```rust\nx\n```\n")]),
        ("~~~\nx\n```\ny\n~~~~ \nmore", [("fence", "~~~\nx\n```\ny\n~~~~ \n")]),
        ("````\n```\nx\n````\nmore", [("fence", "````\n```\nx\n````\n")]),
        ("```\nnever closed", [("fence", "```\nnever closed")]),
        ("```\nx\n``` not closed\ny", [("fence", "```\nx\n``` not closed\ny")]),
        ("    ```\nno fence", [("indented_code", "    ```\n")]),
        ("> one\n> two\nthree", [("quote", "> one\n> two\n")]),
        ("a > b", []),
        ("say\n\n    x\n\ty\nmore", [("indented_code", "    x\n\ty\n")]),
        ("say\n    more", []),
        ("> said\n    x", [("quote", "> said\n"), ("indented_code", "    x")]),
        ("call `f(x)` now", [("inline_code", "`f(x)`")]),
        ("a `` b ` c `` d", [("inline_code", "`` b ` c ``")]),
        ("`` a ` b `` c", [("inline_code", "`` a ` b ``")]),
        ("`` a `b` c", [("inline_code", "`b`")]),
        ("```x` y\n`` a `` b", [("fence", "```x` y\n`` a `` b")]),
        ("a `` b\n`` c `` d", [("inline_code", "`` c ``")]),
        ("<!--> a --> b", [("html_comment", "<!--> a -->")]),
        ("~~a~~b~~c~~", [("struck", "~~a~~"), ("struck", "~~c~~")]),
        ("\n    x", [("indented_code", "    x")]),
        ("a\n\n    x", [("indented_code", "    x")]),
        ("a lone ` and\nanother ` one", []),
        ("a <!-- hidden\n`x` --> b", [("html_comment", "<!-- hidden\n`x` -->")]),
        ("a <!-- never closed", [("html_comment", "<!-- never closed")]),
        ("a `<!--` b", [("inline_code", "`<!--`")]),
        ("<PRE lang=x>a\nb</pre> c", [("html_element", "<PRE lang=x>a\nb</pre>")]),
        ("<code>a", [("html_element", "<code>a")]),
        ("<codec>a", []),
        ("not ~~so~~ good", [("struck", "~~so~~")]),
        ("~~over\nlines~~", []),
        ("```\n<!-- x -->\n```\n", [("fence", "```\n<!-- x -->\n```\n")]),
        ("", []),
    ],
)
def test_what_github_shows_apart(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_only_the_kinds_asked_for_are_found() -> None:
    text = "- item\n\n      `x`\n"
    assert found(text, "inline_code") == [("inline_code", "`x`")]
    assert found(text, "fence") == []


def test_an_indented_line_counts_in_a_paragraph_too() -> None:
    assert found("say\n    more\nend", "indented_line") == [("indented_line", "    more\n")]


def test_the_parts_of_any_text_join_to_it() -> None:
    rng = random.Random(0)
    pieces = [
        "`",
        "``",
        "```",
        "~~",
        "~~~",
        "\n",
        "\n\n",
        "    ",
        "\t",
        "> ",
        "<!--",
        "-->",
        "<pre>",
        "</pre>",
        "a",
        " ",
    ]
    for _ in range(500):
        text = "".join(rng.choice(pieces) for _ in range(rng.randrange(40)))
        assert "".join(part for _, part in parts(text)) == text
        ends = [0, *(place for span in spans(text) for place in span[1:])]
        assert ends == sorted(ends)
        assert {span.kind for span in spans(text)} <= set(KINDS)


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "` ``",
        "```\n~~~\n",
        "<!-- ",
        "<pre>",
        "<pre></code>",
        "~~",
        "~~a",
        "~~" + "a" * 299,
        "a\n    b\n",
        ">\n",
        "    ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """Ten times the text takes about ten times as long; a square would take a hundred times."""
    short, long = (min(_cpu_seconds(piece * (length // len(piece))) for _ in range(3)) for length in (20_000, 200_000))
    assert long < 30 * short + 0.2


def _cpu_seconds(text: str) -> float:
    start = time.process_time()
    spans(text)
    return time.process_time() - start
