"""What the author of a comment says: its prose, seen through quotes, code, emphasis, tags, links and entities."""

import html
import re
from functools import lru_cache

from gis.dataset.issues.references import GITHUB_HOST, reference_pattern
from gis.markdown_spans import parts
from gis.text import BLOCKS, INLINE

# "On Monday, ann wrote:" and below
EMAIL_QUOTE = re.compile(r"^On .{5,120}wrote:[ \t]*+$.*", re.MULTILINE | re.DOTALL)
QUOTATION = re.compile(r"[\"\u201c][^\"\u201c\u201d\n]{1,200}[\"\u201d]|(?<!\w)'[^'\n]{1,200}'(?!\w)")
# Characters that look like nothing, and wide forms of those that references are made of
LOOKS = {
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff")),
    0xFF03: "#",
    **{0xFF10 + n: str(n) for n in range(10)},
}
LOOK = re.compile(f"[{''.join(map(chr, LOOKS))}]")  # found far faster than replaced
STATUS = re.compile(r"[Dd]uplicated?")  # in code, as some trackers put it: "Status changed to `duplicate`"
LINK = re.compile(r"\[(?P<text>[^\[\]\n]{0,300}+)\]\((?P<url>[^)\s\[]{1,500}+)[^)\n\[]{0,300}+\)")
ANCHOR = re.compile(
    r"<a\s(?:(?!href)[^<>]){0,300}+href\s{0,9}=\s{0,9}[\"']?(?P<url>[^\"'\s<>]{1,500}+)[^<>]{0,300}+>"
    r"(?P<text>[^<>\n]{0,300}+)</a>",
    re.IGNORECASE,
)
# Texts of links that are part of what is said: "[Duplicate](https://…/issues/5)"
SAYS_MORE = re.compile(
    r"\W{0,3}(?:\w{1,9}[\s-]){0,2}(?:dup(?:e|licates?|licated?)?|same|doublon|dupli[ck]\w{1,5}|дубл\w{1,6})\b|重[复複]|중복",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"<(?P<url>https?://[^\s<>]{1,500}+|#\d{1,9}|[\w.-]{1,40}/[\w.-]{1,100}#\d{1,9})>")
STRUCK = re.compile(
    r"<(?:del|s|strike)(?:\s[^<>\n]{0,200})?>[^<]*+(?:<(?!/?(?:del|s|strike)\b)[^<]*+){0,50}+</(?:del|s|strike)\s{0,9}>"
    r"|(?<![\w~])~(?![\s~])[^~\n]{1,300}(?<!\s)~(?![\w~])",
    re.IGNORECASE,
)
TAG = re.compile(r"</?(?P<name>[a-z][a-z0-9]{0,11})\b[^<>\n]{0,500}+>", re.IGNORECASE)
EMPHASIS = re.compile(r"\\[*_]|(?<![A-Za-z0-9])_{1,3}|_{1,3}(?![A-Za-z0-9])|\*{1,3}")
CHECKBOX = re.compile(r"^[ \t]{0,8}[-*+][ \t]\[[ xX]\].*$", re.MULTILINE)  # of a template, mostly
PREFORMATTED = re.compile(r"\s*<pre>(?P<text>[^<]*+(?:<(?!/?pre>)[^<]*+)*+)</pre>\s*", re.IGNORECASE)


@lru_cache(maxsize=8)  # a comment is read for several things in a row
def spoken(text: str, host: str = GITHUB_HOST) -> str:
    """Return what the author of a comment says: without quotes, code and hidden text, links as their addresses.

    Emphasis, tags and entities are seen through. A comment that is nothing but ``<pre>`` is prose: trackers were
    imported like that.

    Args:
        text: The comment, Markdown.
        host: Host name of the server whose issues are meant.
    """
    reference = reference_pattern(host)
    text = _in_plain_characters(text.replace("\r\n", "\n"))
    if (preformatted := PREFORMATTED.fullmatch(text)) is not None:
        text = preformatted["text"]
    said: list[str] = []
    for kind, part in parts(text):
        if kind == "inline_code":
            code = part.strip("`")
            said.append(code if reference.fullmatch(code) or STATUS.fullmatch(code) else " ")
        else:
            said.append("\n" if kind else part)
    prose = "".join(said)
    if "wrote:" in prose:
        prose = EMAIL_QUOTE.sub("\n", prose)
    prose = CHECKBOX.sub("", prose)

    def linked(link: re.Match[str]) -> str:
        if not reference.search(link["url"]):
            return link["text"]
        return f"{link['text']} {link['url']}" if SAYS_MORE.match(link["text"]) else link["url"]

    if "<" in prose:
        prose = ANCHOR.sub(linked, prose)
        prose = ADDRESS.sub(lambda address: address["url"], prose)
    if "<" in prose or "~" in prose:
        prose = TAG.sub(_without_tag, STRUCK.sub(" ", prose))
    prose = LINK.sub(linked, QUOTATION.sub("\n", prose))
    if "&" in prose:
        prose = html.unescape(prose).replace("\xa0", " ")
    return EMPHASIS.sub("", prose)


def _in_plain_characters(text: str) -> str:
    return text.translate(LOOKS) if LOOK.search(text) else text


def _without_tag(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    if name in BLOCKS or name == "br":
        return "\n"
    return "" if name in INLINE else tag[0]
