# ruff: noqa: RUF001
"""Texts that are meant to take long: repeated fragments of what issues are written in, the same for the same seed."""

import random
from collections.abc import Iterator

# What a text is put together from, by kind.
FRAGMENTS: dict[str, tuple[str, ...]] = {
    "markdown": (
        "**",
        "__",
        "_",
        "*",
        "~~",
        "> ",
        "- ",
        "- [ ] ",
        "1. ",
        "# ",
        "|",
        "---\n",
        "\\",
        "\n    ",
        "\t",
        ">\n",
    ),
    "links": ("[", "]", "](", "[](a", "[a](", "![", "[x]: ", ")", "(", "[dup ", "[[", "]]", "<a href=", "</a>"),
    "html": (
        "<!--",
        "-->",
        "<div>",
        "<pre>",
        "</pre>",
        "<code>",
        "<p ",
        "<a x",
        "<blockquote>",
        "<details",
        "&#39;",
        "&",
        "<",
    ),
    "addresses": (
        "https://",
        "http://a:b",
        "https://github.com/a/b/issues/1?&",
        "://",
        "/",
        "a/b",
        "@",
        "?key=",
        "www.",
        "://a:",
    ),
    "quotes": ('"', "'", "\u201c", "\u201d", "\u2019", "On a wrote:\n", "n't ", "' ", '" '),
    "fences": ("`", "``", "```\n", "~~~\n", "```", "````a", "` ``"),
    "brackets": ("(", ")", "[", "]", "{", "}", "<", ">", "[(", "((", "()"),
    "digits": ("1", "1.", "1.2.3.4 ", "10:", "::", "a:", "0x", "1,", "-1", "99999999999"),
    "references": (
        "#1 ",
        "#",
        "##",
        "a/b#1 ",
        "GH-1 ",
        "dup #1 ",
        "#1, ",
        "#1 is a ",
        "issue 1 ",
        "/issues/",
        "#1/",
        "dup of ",
    ),
    "mail": ("a@", "a@b.", "@a ", "a.b@c.d", "@", "ann@host:~$ ", "a@b ", "%@"),
    "secrets": (
        "eyJ-",
        "eyJ",
        "bearer ",
        "token=",
        "password: ",
        "sk-",
        "AKIA",
        "ghp_",
        "-----BEGIN PRIVATE KEY-----",
        "/home/",
        "key=",
    ),
    "base64": ("AAAA", "a8F/", "+", "=", "==", "Zm9v", "0123456789abcdef"),
    "blanks": (" ", "  ", "\t", "\n", "\n\n", " \n", "\r\n", "\u00a0", "\u3000", "\u2028"),
    "marks": ("\u0301", "e\u0301", "\u200b", "\u200d", "\ufe0f", "\u202e", "\u093f", "\u0e31", "\u05b8"),
    "halves": ("\ud83d", "\udca9", "\ud83d\ude00", "\x00", "\x1b[", "\x7f", "\ufffd"),
    "scripts": ("重复 ", "重复", "中复 #1 ", "の", "중복 ", "ü", "д", "ß", "ſ", "İ", "K", "ﬁ"),
    "words": (
        "dup ",
        "duplicate ",
        "this is ",
        "same as ",
        "not ",
        "closing as ",
        "it's ",
        "already reported in ",
        "the same ",
        "merged into ",
        "in favor of ",
        "is a ",
        "marked ",
        "a ",
        "Section ",
        "version ",
    ),
}
KINDS = tuple(FRAGMENTS)


def hostile_text(seed: int, size: int) -> str:
    """Return a text of ``size`` characters: a few fragments, repeated, between a beginning and an end of others."""
    rng = random.Random(seed)
    kinds = [KINDS[seed % len(KINDS)], *rng.choices(KINDS, k=2)]
    pieces = [fragment for kind in kinds[: rng.randint(1, 3)] for fragment in rng.sample(FRAGMENTS[kind], 1)]
    unit = "".join(rng.choices(pieces, k=rng.randint(1, 4)))
    begin, end = (rng.choice(("", "Duplicate of ", "#1 ", "dup ", "x", "`", "[", "https://a")) for _ in range(2))
    middle = unit * (size // len(unit) + 1)
    return f"{begin}{middle}"[: size - len(end)] + end


def repeated(unit: str, size: int) -> str:
    """Return a ruling whose reference comes after ``unit`` again and again."""
    return f"Duplicate of {unit * (size // len(unit) + 1)}"[:size] + " dup #1 q"


# Those that once took minutes or more, and their kin
KNOWN = (
    "https://github.com/a/b/issues/1?&",
    "dup #1 ",
    "bearer      ",
    "eyJ-",
    "[](a",
    "`a",
    "` b",
    "[dup ",
    "<!--",
    "<div>",
    "<a href=",
    " ",
    "\n",
    "this ",
    "#1 is a ",
    "same as ",
    "the same ",
    "1.2.3.4 ",
    "' ",
    "重复 #1 ",
    "a/b",
    "_",
    "not ",
    "a",
    "A",
    "0",
    "aA0",
    "a.b",
    "-",
    "word ",
    "<pre>",
    "&#39;",
    "- [ ] ",
    "~~a",
    "#1 x ",
    "dup#1x",
    "[a](https://a/issues/1) ",
)


def hostile_texts(size: int, count: int = 200) -> Iterator[tuple[str, str]]:
    """Yield ``count`` generated texts and those that are known, each with a name."""
    for unit in KNOWN:
        yield f"known {unit!r}", repeated(unit, size)
        yield f"plain {unit!r}", (unit * (size // len(unit) + 1))[:size]
    for seed in range(count):
        yield f"seed {seed} ({KINDS[seed % len(KINDS)]})", hostile_text(seed, size)
