"""Texts: templates, rulings and secrets taken out, the rest as it was."""

from collections import Counter

import pytest

from gis.collector.records import Reference
from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import clean, learn_templates
from gis.dataset.texts.near_duplicates import Sketches, jaccard, near_duplicates, sketch
from gis.dataset.texts.redaction import redact
from gis.dataset.texts.texts import REASONS, judge, language

NONE: frozenset[bytes] = frozenset()


def cleaned(body: str, *, title: str = "Title", partners: tuple[int, ...] = (), form: str = "markdown") -> str:
    return clean(title, body, NONE, lambda reference: reference.number in partners, form).text  # type: ignore[arg-type]


def test_title_blank_line_body() -> None:
    assert cleaned("A body\r\nof two lines\n\n\n\nand a third") == "Title\n\nA body\nof two lines\n\nand a third"
    assert cleaned("") == "Title"


def test_lines_of_a_template_go_and_code_stays() -> None:
    bodies = [
        f"### Steps to reproduce\n\nOpen number {n}\n\n```\n### Steps to reproduce\n```\n- [ ] I searched"
        for n in range(50)
    ]
    templates = learn_templates(bodies)
    found = clean("Title", bodies[3], templates, lambda _: False, "markdown")
    assert found.text == "Title\n\nOpen number 3\n\n```\n### Steps to reproduce\n```"
    assert found.template_lines == 2
    assert learn_templates(bodies[:5]) == NONE  # too few to tell


def test_hidden_comments_go() -> None:
    assert cleaned("<!-- Please fill in\nthis form -->It breaks.") == "Title\n\nIt breaks."


def test_sentences_that_rule_or_cite_a_partner_go() -> None:
    body = "It crashes. This is a duplicate of #9. See also #5 for more. And #6 is unrelated."
    assert cleaned(body, partners=(5,)) == "Title\n\nIt crashes. And #6 is unrelated."
    assert cleaned("x", title="[Duplicate] It crashes (dup of #9)") == "It crashes\n\nx"
    assert cleaned("x", title="Crash (see #5)", partners=(5,)) == "Crash (see [issue])\n\nx"
    assert cleaned("x = #5", partners=(5,)) == "Title"
    assert cleaned("```\nsee #5\n```", partners=(5,)) == "Title\n\n```\nsee [issue]\n```"


@pytest.mark.parametrize(
    "claim",
    [
        "Sorry, marking as duplicate.",
        "Duplicate issue.",
        "This duplicates the other one.",
        "Feel free to close this if it's a dup of something.",
        "This may be a duplicate.",
        "The whole list was closed as duplicates of this ticket.",
    ],
)
def test_claims_go_also_without_a_number(claim: str) -> None:
    assert cleaned(f"It crashes. {claim}") == "Title\n\nIt crashes."


@pytest.mark.parametrize(
    "told", ["This is a duplicate key error.", "It lists each duplicate twice.", "Use dup2() here."]
)
def test_what_only_speaks_of_duplicates_stays(told: str) -> None:
    assert cleaned(told) == f"Title\n\n{told}"


def test_forms() -> None:
    body = "Some **bold** text with `Vec<T>`\n\n- one\n- two"
    assert cleaned(body, form="plain") == "Title\n\nSome bold text with Vec<T>\n\none\n\ntwo"
    assert cleaned(body, form="html").startswith('Title\n\n<p dir="auto">Some <strong>bold</strong> text')


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("ask @ann-lee please", "mention", "ask @mention please"),
        ("write to ann.lee@example.org now", "email", "write to [email] now"),
        ("in /home/annlee/src and more", "home", "in /home/user/src and more"),
        (r"in C:\Users\annlee\src", "home", r"in C:\Users\user\src"),
        ("host 93.184.216.34 answers", "ip", "host [ip] answers"),
        ("host 2001:db8::8a2e:370:7334 answers", "ip", "host [ip] answers"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "token", "[token]"),
        ("key AKIAABCDEFGHIJKLMNOP", "token", "key [token]"),
        ('api_key = "a8f5f167f44f4964e6c998de"', "token", 'api_key = "[token]"'),
        ("alice@box:~$ ls", "prompt", "user@host:~$ ls"),
        ("see https://github.com/alice/", "mention", "see https://github.com/user/"),
        ("_@carol_ said", "mention", "_@mention_ said"),
        ("ask @mention-bot", "mention", "ask @mention"),
        ("write to jürgen@example.org", "email", "write to [email]"),
        ("https://ann:s3cr3tpassw0rd99@example.org/x", "token", "https://[token]@example.org/x"),
        ("GITHUB_TOKEN=0123456789abcdef0123456789abcdef01234567", "token", "GITHUB_TOKEN=[token]"),
        (
            "https://hooks.slack.com/services/T0000/B0000/abcd1234abcd1234",
            "token",
            "https://hooks.slack.com/services/[token]",
        ),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----", "key", "[key]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "key", "[key]"),
    ],
)
def test_what_is_redacted(text: str, kind: str, expected: str) -> None:
    found: Counter[str] = Counter()
    assert redact(text, found) == expected
    assert found == {kind: 1}
    again: Counter[str] = Counter()
    assert redact(expected, again) == expected
    assert not again  # else a check of what was published would find it


@pytest.mark.parametrize(
    "text",
    [
        "`@Override` and\n```java\n@Override\n```",
        "listens on 127.0.0.1 and 0.0.0.0",
        "version 1.2.3.4",
        "std::fmt::Display for a::b::c",
        "/home/user/src and /home/runner/work",
        "at 10:30:25",
        "a user@host without a domain",
        "password: your-password-here-please",
        "npm i @scope/package",
        "see https://gist.github.com/0a1b2c3d4e5f60718293",
    ],
)
def test_what_is_not(text: str) -> None:
    found: Counter[str] = Counter()
    assert redact(text, found) == text
    assert not found


def test_filters() -> None:
    settings = TextSettings(max_chars=200)
    english = (
        "The program stops with an error when I open a large file and press the button twice, which it should not do "
        "at all."
    )
    german = (
        "Das Programm bleibt mit einem Fehler stehen, wenn ich eine große Datei öffne und zweimal auf den Knopf "
        "drücke, was es nicht tun sollte."
    )
    found = [REASONS[judge(text, settings)] for text in ("!!!", "too short", "word " * 99, german, english)]
    assert found == ["empty", "short", "long", "language", "kept"]
    assert (language(english), language(german), language("Kaputt")) == ("en", "de", None)
    assert judge(german, TextSettings(languages=())) == 0


def test_jaccard_by_hand() -> None:
    one, other = sketch("a b c d").shingles, sketch("b c d e").shingles  # abc bcd, bcd cde: one of three
    assert jaccard(one, other) == pytest.approx(1 / 3)


def test_near_duplicates_are_found_and_others_are_not() -> None:
    text = " ".join(f"word{n}" for n in range(100))
    texts = {
        0: text,
        1: text.replace("word50", "another"),  # 95 of 101 runs: 0.94
        2: " ".join(f"word{n}" for n in range(70)),  # 68 of 98: 0.69
        3: "ICE",
        4: "ice",
        5: "",
        6: " ",
    }
    assert near_duplicates(texts, Sketches(texts.__getitem__)) == [[0, 1], [3, 4], [5, 6]]


def test_what_is_alike_step_by_step_is_one_group() -> None:
    texts = {n: " ".join(f"word{n + k}" for k in range(100)) for n in range(300)}
    texts |= {1000 + n: " ".join(f"other{5 * n + k}" for k in range(100)) for n in range(3)}  # 93 of 103 in common
    assert near_duplicates(texts, Sketches(texts.__getitem__)) == [list(range(300)), [1000, 1001, 1002]]


def test_references_of_another_repository_are_not_cut() -> None:
    body = "See octo/gadgets#5 for more."
    text = clean("Title", body, NONE, lambda reference: reference == Reference(None, 5), "markdown").text
    assert body in text
