"""Strategies for what strangers write: texts, JSON values and bytes that no part of gis may stumble over."""

from hypothesis import strategies as st

FRAGMENTS = (
    *("Duplicate of ", "/dup ", "dup ", "closing as ", "same as ", "not ", "?", "!", ". ", " "),
    *("\n", "\r\n", "\n\n", "\t", "\x00", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "\ud800", "\udc00"),
    *("#1", "#12", "##", "octo/widgets#3", "GH-4", "#0", "#99999999999999999999", "\uff03\uff11\uff12"),
    *("https://github.com/octo/widgets/issues/5", "https://github.com/o/w/pull/6?x#y", "http://[::1", "www."),
    *("```", "~~~", "`", "``", "> ", "    ", "- ", "1. ", "# ", "|", "---", "***", "_", "**", "~~", "\\", "[", "]("),
    *("<!--", "-->", "<pre>", "</pre>", "<div>", "<", ">", "&lt;", "&#35;", "&#x0;", "&", "<a id='c6'>"),
    *("me@example.org", "10.0.0.1", "fe80::1", "/home/me/x", "C:\\Users\\me\\x", "@someone", "ghp_", "password="),
    *("é", "e\u0301", "重复 ", "중복 ", "дубликат ", "🦀"),
)
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join),
)
WHOLE_TEXTS = TEXTS.map(lambda text: text.encode("utf-8", "replace").decode())  # no lone surrogates
NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats())
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WHOLE_TEXTS),
    lambda values: st.one_of(st.lists(values, max_size=3), st.dictionaries(WHOLE_TEXTS, values, max_size=3)),
    max_leaves=8,
)
BYTES = st.one_of(st.binary(max_size=80), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
