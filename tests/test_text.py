import time

import pytest

from gis.text import plain_text, visible, whole_characters, wrapped

CASES = {
    "paragraphs": ("<p>One.</p>\n<p>Two.</p>", "One.\n\nTwo."),
    "inline": ("<p>a <strong>bold</strong> and <em>soft</em> word</p>", "a bold and soft word"),
    "attributes": ('<p dir="auto">text</p>', "text"),
    "code": ("<p>call <code class='notranslate'>f(x)</code></p>", "call f(x)"),
    "code block": (
        '<div class="highlight"><pre class="notranslate"><span class="pl-k">let</span> x = 1;\nlet y;</pre></div>',
        "let x = 1;\nlet y;",
    ),
    "link": ('<p>see <a href="https://example.com/a?b=1&amp;c">#12</a>.</p>', "see #12."),
    "image": ('<p>before <img src="x.png" alt="screen > shot"> after</p>', "before  after"),
    "list": ("<ul>\n<li>one</li>\n<li>two</li>\n</ul>", "one\n\ntwo"),
    "line break": ("one<br>two<br/>three", "one\ntwo\nthree"),
    "headings": ("<h2>Title</h2><p>text</p>", "Title\ntext"),
    "entities": ("<p>a &lt; b &amp;&amp; c &gt; d&nbsp;&#39;&quot;</p>", "a < b && c > d\xa0'\""),
    "nested": ("<blockquote><p>a <em>b <code>c</code></em></p><ol><li>d</li></ol></blockquote>", "a b c\nd"),
    "task list": (
        '<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" checked> done</li></ul>',
        "done",
    ),
    "table": ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
    "emoji": ('<p>ship it <g-emoji class="g-emoji" alias="rocket">🚀</g-emoji></p>', "ship it 🚀"),
    "upper case": ("<P>One</P><BR>Two", "One\n\nTwo"),
    "comment": ("<p>a<!-- hidden --> b</p>", "a b"),
    "details": ("<details><summary>Log</summary><p>line</p></details>", "Log\nline"),
    "subscript": ("<p>H<sub>2</sub>O <kbd>Ctrl</kbd></p>", "H2O Ctrl"),
}


@pytest.mark.parametrize(("html", "text"), CASES.values(), ids=CASES)
def test_markup_is_stripped(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "title",
    [
        "Option<T> is not Send",
        "Vec<Option<T>> and HashMap<K, V>",
        "a < b and c > d",
        "x<y",
        "if a<3 then",
        "impl<'a> Foo<'a> for Bar",
        "Result<(), Box<dyn Error>>",
        "std::vector<int>::iterator fails",
        "C:\\path & more",
        "AT&T",
        "trailing <",
        "5 <= 6 >= 4",
        "#include <stdio.h>",
        "<T as Trait>::method",
        "<App></App> renders twice",
        "Support <script> tags in the head",
        "<style> of the page is lost",
        "<title> is not set",
        "<textarea> loses the focus",
        "Cow<str> -> &str",
    ],
)
def test_angle_brackets_that_are_no_tags_stay(title: str) -> None:
    assert plain_text(title) == title


MARKDOWN = """# Title

* item `code` and **bold**
> quote

```rust
fn main() { let x: Vec<u8> = vec![]; }
```
[link](https://example.com)"""


def test_markdown_passes_through() -> None:
    assert plain_text(MARKDOWN) == MARKDOWN


@pytest.mark.parametrize("text", ["", "   ", "<p></p>", "<br>"])
def test_nothing_stays_nothing(text: str) -> None:
    assert plain_text(text) == ""


@pytest.mark.parametrize(
    "junk",
    [
        "<script>alert('x')</script>",
        "<script>never closed",
        "<style>p {",
        "<![CDATA[x]]>",
        "<!DOCTYPE html><p>x",
        "<?php echo 1 ?>",
        "<!-- never closed",
        "<p <p <p>>>",
        "</p></p></div>",
        "<a href='",
        "&#xFFFFFFFF; &#0; &unknown;",
        "<![if",
        "<!x>",
        "<svg><path d='M0 0'/></svg>",
        "<" * 1000,
        "<textarea><p>x</p>",
        "\x00<p>\ud800</p>",
    ],
)
def test_junk_does_not_crash(junk: str) -> None:
    assert isinstance(plain_text(junk), str)


@pytest.mark.parametrize("junk", ["<script>never closed, then words", "words <![x", "<p words"])
def test_words_after_junk_are_not_lost(junk: str) -> None:
    assert "words" in plain_text(junk)


def test_many_blank_lines_become_one() -> None:
    assert plain_text("<p>a</p>\n\n\n\n<p>b</p>") == "a\n\nb"


def test_indentation_of_code_is_kept() -> None:
    assert plain_text("<pre>if x:\n    y\n\n    z</pre>") == "if x:\n    y\n\n    z"


def test_control_characters_are_not_shown() -> None:
    assert visible("a\x1b[31mb\u202ec\td é") == "a [31mb c d é"


@pytest.mark.parametrize("piece", ["<!-- ", "--><!--", "<b>", "<a x", "<a \"'", "<p>"])
def test_no_markup_takes_long(piece: str) -> None:
    """Ten times the text takes about ten times as long; a square would take a hundred times."""
    short, long = (piece * (length // len(piece)) for length in (20_000, 200_000))
    start = time.process_time()
    plain_text(short)
    between = time.process_time()
    plain_text(long)
    assert time.process_time() - between < 30 * (between - start) + 0.2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("half \ud83d end", "half \ufffd end"),
        ("\udca9", "\ufffd"),
        ("joined \ud83d\ude00", "joined 😀"),
        ("😀 whole", "😀 whole"),
        ("swapped \ude00\ud83d", "swapped \ufffd\ufffd"),
    ],
)
def test_half_a_character_is_replaced_and_two_halves_are_joined(text: str, expected: str) -> None:
    assert whole_characters(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "indent", "expected"),
    [
        ("one two three", 7, "", "one two\nthree"),
        ("one two three", 6, "", "one\ntwo\nthree"),
        ("one two\n\nthree", 80, "", "one two\n\nthree"),
        ("one two three", 8, "    ", "one two\n    three"),
        ("one exceptionally two", 7, "", "one\nexceptionally\ntwo"),  # a long word stays whole
        ("one two-three", 8, "", "one\ntwo-three"),  # so does one with a hyphen
        ("one two", 0, "", "one\ntwo"),
    ],
)
def test_lines_are_wrapped_between_words(text: str, width: int, indent: str, expected: str) -> None:
    assert wrapped(text, width, indent=indent) == expected


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<!---->a<p>b", "a\nb"),
        ("a<!-- x --><!-- y -->b", "ab"),
        ("a<!-- x --> b <!-- never <b>closed</b>", "a b <!-- never closed"),
        ("<b>a</b><p>b</p><p>c", "a\nb\nc"),
        ("a\n<p>b", "a\nb"),
        ("a<p><b>b</b>", "a\nb"),
    ],
)
def test_comments_and_line_breaks_between_tags(markup: str, text: str) -> None:
    assert plain_text(markup) == text
