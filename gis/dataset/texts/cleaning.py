"""The text of an issue as the dataset has it: title, blank line, body; without templates, rulings and citations."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from gis.collector.records import Reference
from gis.dataset.issues.references import PATTERN, reference_of, references
from gis.dataset.labels.rulings import FENCE, SENTENCE, rulings
from gis.dataset.settings import Format
from gis.dataset.texts.redaction import redact

SHARE, FEWEST = 0.02, 10  # a line that this share of a repository's issues have, and so many, is a template's
LETTERS = re.compile(r"[^\W\d_]")
BLANK_LINES = re.compile(r"\n{3,}")
TITLE_TAG = re.compile(
    r"[\[(]\s*(?:(?:possible|potential|closed|closing|marked|as|an?)\s+)*(?:dup(?:e|licates?|licated)?)\b[^\])]*[\])]\s*"
    r"|^\s*(?:closed\s+as\s+(?:an?\s+)?)?dup(?:e|licate)?\s*(?::|\s-)\s*",
    re.IGNORECASE,
)
# "this is a duplicate", but not "this is a duplicate key"
DUPLICATE = (
    r"(?<![\w-])dup(?:e|licate)?\b(?!\s*[-_(]|\s+(?:keys?|entr\w+|symbols?|definitions?|declarations?|items?|values?|names?|"
    r"ids?|rows?|records?|imports?|code|files?|lines?|headers?|crates?|attributes?|fields?|methods?|functions?|impls?|cases?|"
    r"labels?|modules?|types?|variables?)\b)"
)
CLAIM = re.compile(
    r"\b(?:(?:this|it|edit|update|issue|bug)\b[^.!?\n]{0,30}\b(?:is|as|was|be)|it['\u2019]s)\b[^.!?\n]{0,12}"
    + DUPLICATE
    + r"|\b(?:clos|mark)(?:ed?|ing)\b[^.!?\n]{0,15}\bas\s+(?:(?:an?|the|exact)\s+)*(?<![\w-])dup(?:e|licate)?s?\b"
    r"|^\W*dup(?:e|licate)?(?:\s+(?:issue|bug|report|of))?\W*$|\bthis (?:issue |bug |report )?duplicates\b",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"(?P<code>`[^`\n]+`)|<!--.*?(?:-->|\Z)", re.DOTALL)  # a comment's sign in code hides nothing
Cites = Callable[[Reference], bool]


@dataclass
class Cleaned:
    """A text and what was done to it.

    Attributes:
        text: Title, blank line, body.
        redacted: How many of each kind were replaced.
        sentences: How many sentences were taken out as they state a ruling or cite a partner.
        lines: How many of a template's lines were taken out.
        cut: The partners whose citations were taken out.
    """

    text: str = ""
    redacted: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    lines: int = 0
    cut: list[Reference] = field(default_factory=list)


def line_hash(line: str) -> bytes:
    """What a template's line is known by; no text of it is kept."""
    return blake2b(" ".join(line.split()).lower().encode(), digest_size=8).digest()


def learn_templates(bodies: Iterable[str]) -> frozenset[bytes]:
    """The hashes of lines outside of code that many of a repository's issues have."""
    counts: Counter[bytes] = Counter()
    total = 0
    for body in bodies:
        total += 1
        counts.update({line_hash(line) for code, line in _lines(_visible(body)) if not code and _can_be_template(line)})
    fewest = max(FEWEST, SHARE * total)
    return frozenset(line for line, count in counts.items() if count >= fewest)


def clean(title: str, body: str, templates: frozenset[bytes], cites: Cites, form: Format) -> Cleaned:
    """Make the text of an issue.

    Args:
        title: Its title.
        body: Its body, Markdown.
        templates: What ``learn_templates`` gave for its repository.
        cites: Whether a reference names an issue that this one may be paired with.
        form: "markdown" as written; "plain" without markup; "html" as GitHub renders it, for the paper's kind.
    """
    cleaned = Cleaned()
    kept: list[str] = []
    for code, line in _lines(_visible(body)):
        if code:
            kept.append(_without_citations(line, cites, cleaned))
        elif _can_be_template(line) and line_hash(line) in templates:
            cleaned.lines += 1
        else:
            kept.append(_without_rulings(line, cites, cleaned))
    text = BLANK_LINES.sub("\n\n", "\n".join(kept)).strip()
    title = _without_rulings(TITLE_TAG.sub("", title), lambda _: False, cleaned)  # a title is one sentence: keep it
    title = _without_citations(title, cites, cleaned).strip()
    title, text = redact(title, cleaned.redacted), redact(text, cleaned.redacted)
    cleaned.text = _formatted(title, text, form)
    if form != "markdown":  # rendering may show what was written in another way
        cleaned.text = redact(cleaned.text, cleaned.redacted)
    return cleaned


def prose(text: str) -> str:
    """``text`` without code and addresses, to tell its language by."""
    return re.sub(r"`[^`\n]*`|https?://\S+|(?<![\w./\\-])[\w.-]*+[/\\][\w./\\-]*+", " ", FENCE.sub(" ", text))


def _visible(body: str) -> str:
    """``body`` without HTML comments, its lines ended in one way."""
    return HIDDEN.sub(lambda match: match["code"] or "", body.replace("\r\n", "\n").replace("\x00", ""))


def _lines(body: str) -> Iterable[tuple[bool, str]]:
    """Each line, and whether it is code."""
    fence = ""
    for line in body.split("\n"):
        stripped = line.lstrip(" ")
        mark = re.match(r"```+|~~~+", stripped) if len(line) - len(stripped) < 4 else None
        if fence:
            yield True, line
            if mark and mark[0].startswith(fence) and not stripped[mark.end() :].strip():
                fence = ""
        elif mark:
            fence = mark[0]
            yield True, line
        else:
            yield line.startswith(("    ", "\t")), line


def _can_be_template(line: str) -> bool:
    return len(LETTERS.findall(line)) > 2


def _without_rulings(line: str, cites: Cites, cleaned: Cleaned) -> str:
    """``line`` without sentences that state a ruling or cite a partner."""
    lowered = line.lower()
    if not any(sign in lowered for sign in ("#", "/issues/", "gh-", "dup")):
        return line
    kept = []
    for sentence in SENTENCE.findall(line):
        named = list(references(sentence))
        cited = [each for each in named if cites(each)]
        if cited or CLAIM.search(sentence) or (named and any(True for _ in rulings(sentence))):
            cleaned.sentences += 1
            cleaned.cut += cited
        else:
            kept.append(sentence)
    return "".join(kept)


def _without_citations(line: str, cites: Cites, cleaned: Cleaned) -> str:
    """A title or a line of code with a placeholder for each partner that it names."""

    def replaced(match: re.Match[str]) -> str:
        reference = reference_of(match)
        if not cites(reference):
            return match[0]
        cleaned.cut.append(reference)
        return "[issue]"

    return PATTERN.sub(replaced, line)


def _formatted(title: str, body: str, form: Format) -> str:
    if form == "markdown":
        return f"{title}\n\n{body}".strip()
    from markdown_it import MarkdownIt

    from gis.text import plain_text

    markup = MarkdownIt("gfm-like", {"linkify": False}).render(body)
    if form == "plain":
        return f"{title}\n\n{plain_text(markup)}".strip()
    paragraphs = markup.replace("<p>", '<p dir="auto">')
    return f"{title}\n\n{paragraphs}".strip()
