"""The text of an issue as the dataset has it: title, blank line, body, without templates, rulings and citations."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

from gis.collector.records import Reference
from gis.dataset.issues.references import GITHUB_HOST, reference_of, reference_pattern, references
from gis.dataset.labels.mentions import MOST_REFERENCES, SENTENCE
from gis.dataset.labels.rulings import rulings
from gis.dataset.settings import Format
from gis.dataset.texts.redaction import redact
from gis.markdown_spans import parts
from gis.text import BLANK_LINES

# A line belongs to a template if this share of a repository's issues have it, and at least so many.
TEMPLATE_SHARE, MIN_TEMPLATE_ISSUES = 0.02, 10
THREE_LETTERS = re.compile(r"[\W\d_]*+(?:[^\W\d_][\W\d_]*+){3}")
CODE_AND_ADDRESSES = re.compile(r"`[^`\n]*`|https?://\S+|(?<![\w./\\-])[\w.-]*+[/\\][\w./\\-]*+")
TITLE_TAG = re.compile(
    r"""
      [\[(]\s*+ (?: (?: possible|potential|closed|closing|marked|as|an? )\s++ ){0,9}+  # "[Duplicate]", "(dup of #5)"
      dup(?:e|licates?|licated)?\b [^\])]{0,256}+ [\])]\s*
    | ^\s*+ (?: closed\s++as\s++ (?: an?\s++ )? )? dup(?:e|licate)? (?: \s*+: | \s++- )\s*   # "Duplicate: ", "dup - "
    """,
    re.VERBOSE | re.IGNORECASE,
)
DUPLICATE = re.compile(
    r"""
    (?<![\w-]) dup(?:e|licate)?\b
    (?! \s*+[-_(]                                                                     # but not "duplicate key"
      | \s++ (?: keys?|entr\w++|symbols?|definitions?|declarations?|items?|values?|names?|ids?|rows?|records?|imports?
              | code|files?|lines?|headers?|crates?|attributes?|fields?|methods?|functions?|impls?|cases?|labels?
              | modules?|types?|variables? )\b )
    """,
    re.VERBOSE | re.IGNORECASE,
)
CLAIMED_BEFORE = re.compile(  # "this may be a" duplicate
    r"""
    \b (?: (?: this|it|edit|update|issue|bug )\b [^.!?\n]{0,30} \b(?: is|as|was|be )
         | it['\u2019]s )\b [^.!?\n]{0,12} $
    """,
    re.VERBOSE | re.IGNORECASE,
)
CLAIM_REACH = 60  # characters before the word that are looked at
CLAIM = re.compile(
    r"""
      \b(?:clos|mark)(?:ed?|ing)\b [^.!?\n]{0,15} \bas\s++                           # "closed as duplicates"
      (?: (?: an?|the|exact )\s++ ){0,4}+ (?<![\w-]) dup(?:e|licate)?s?\b
    | ^\W*+ dup(?:e|licate)? (?: \s++(?: issue|bug|report|of ) )? \W*+$               # "Duplicate issue."
    | \bthis\ (?: issue\ |bug\ |report\  )?duplicates\b                               # "This duplicates another one"
    """,
    re.VERBOSE | re.IGNORECASE,
)
Cites = Callable[[Reference], bool]


@dataclass
class Cleaned:
    """A text and what was done to it.

    Attributes:
        text: Title, blank line, body.
        redacted: Number of replacements by kind.
        sentences: Number of sentences taken out because they state a ruling or cite a partner.
        template_lines: Number of lines taken out because they belong to a template.
        cited: The partners whose citations were taken out.
    """

    text: str = ""
    redacted: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    template_lines: int = 0
    cited: list[Reference] = field(default_factory=list)


def line_hash(line: str) -> bytes:
    """Return the hash by which a template's line is recognised: its text need not be kept."""
    return blake2b(" ".join(line.split()).lower().encode(), digest_size=8).digest()


def learn_templates(bodies: Iterable[str]) -> frozenset[bytes]:
    """Return the hashes of the lines outside code that many of a repository's issues share."""
    issues_by_line: Counter[bytes] = Counter()
    total = 0
    for body in bodies:
        total += 1
        lines = _lines(_without_comments(body))
        issues_by_line.update({line_hash(line) for is_code, line in lines if not is_code and _can_be_template(line)})
    fewest = max(MIN_TEMPLATE_ISSUES, TEMPLATE_SHARE * total)
    return frozenset(line for line, issues in issues_by_line.items() if issues >= fewest)


def clean(
    title: str, body: str, templates: frozenset[bytes], cites: Cites, form: Format, host: str = GITHUB_HOST
) -> Cleaned:
    """Make the text of an issue.

    Args:
        title: Its title.
        body: Its body, Markdown.
        templates: What ``learn_templates`` returned for its repository.
        cites: Whether a reference names an issue that this one may be paired with.
        form: "markdown" as written; "plain" without markup; "html" as GitHub renders it, like the published dataset.
        host: Host name of the server that the issue is on.
    """
    cleaned = Cleaned()
    cutter = _Cutter(cites, host, cleaned)
    lines: list[str] = []
    for is_code, line in _lines(_without_comments(body)):
        if is_code:
            lines.append(cutter.without_citations(line))
        elif _can_be_template(line) and line_hash(line) in templates:
            cleaned.template_lines += 1
        else:
            lines.append(cutter.without_rulings(line))
    text = BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    # A title is one sentence: it is not cut out for a citation.
    title = _Cutter(lambda _: False, host, cleaned).without_rulings(TITLE_TAG.sub("", title))
    title = cutter.without_citations(title).strip()
    title, text = redact(title, cleaned.redacted, host), redact(text, cleaned.redacted, host)
    cleaned.text = _formatted(title, text, form)
    if form != "markdown":  # rendering may show what was written in another way
        cleaned.text = redact(cleaned.text, cleaned.redacted, host)
    return cleaned


def prose(text: str) -> str:
    """Return ``text`` without code and addresses, for telling its language."""
    outside = (" " if kind else part for kind, part in parts(text, "fence"))
    return CODE_AND_ADDRESSES.sub(" ", "".join(outside))


def _without_comments(body: str) -> str:
    r"""Return ``body`` without HTML comments and further blank lines in a row, its lines ended by ``\n``.

    Inline code may show the sign of a comment.
    """
    body = BLANK_LINES.sub("\n\n", body.replace("\r\n", "\n").replace("\x00", ""))
    if "<!--" not in body:
        return body
    return "".join(part for kind, part in parts(body, "inline_code", "html_comment") if kind != "html_comment")


def _lines(body: str) -> Iterator[tuple[bool, str]]:
    """Yield each line, and whether it is code; lines indented inside lists count as code, as they mostly are."""
    for kind, part in parts(body, "fence", "indented_line"):
        for line in part.removesuffix("\n").split("\n"):
            yield kind is not None, line


def _is_claim(sentence: str) -> bool:
    """Return whether a sentence says that its issue is a duplicate, of whatever it may be."""
    if "dup" not in sentence.lower():
        return False
    return CLAIM.search(sentence) is not None or any(
        CLAIMED_BEFORE.search(sentence, max(named.start() - CLAIM_REACH, 0), named.start())
        for named in islice(DUPLICATE.finditer(sentence), MOST_REFERENCES)
    )


def _can_be_template(line: str) -> bool:
    return THREE_LETTERS.match(line) is not None


class _Sentence(NamedTuple):
    """The references in a sentence, and whether it states a ruling."""

    named: list[Reference]
    ruled: bool


def _read_sentence(sentence: str, host: str) -> _Sentence:
    named = list(references(sentence, host))
    return _Sentence(named, _is_claim(sentence) or bool(named and any(True for _ in rulings(sentence, host))))


class _Cutter:
    """Takes rulings and citations out of lines, and notes in ``cleaned`` what it took out."""

    def __init__(self, cites: Cites, host: str, cleaned: Cleaned) -> None:
        self._cites = cites
        self._host = host
        self._cleaned = cleaned
        self._read: dict[str, _Sentence] = {}  # the same sentence may come again ten thousand times

    def without_rulings(self, line: str) -> str:
        """Return ``line`` without sentences that state a ruling or cite a partner."""
        lowered = line.lower()
        if not any(sign in lowered for sign in ("#", "/issues/", "gh-", "dup")):
            return line
        return "".join(sentence for sentence in SENTENCE.findall(line) if not self._is_cut(sentence))

    def without_citations(self, line: str) -> str:
        """Return a title or a line of code with a placeholder for each partner that it names."""
        return reference_pattern(self._host).sub(self._placeholder, line)

    def _is_cut(self, sentence: str) -> bool:
        if sentence not in self._read:
            self._read[sentence] = _read_sentence(sentence, self._host)
        read = self._read[sentence]
        cited = [reference for reference in read.named if self._cites(reference)]
        if not cited and not read.ruled:
            return False
        self._cleaned.sentences += 1
        self._cleaned.cited += cited
        return True

    def _placeholder(self, match: re.Match[str]) -> str:
        reference = reference_of(match)
        if not self._cites(reference):
            return match[0]
        self._cleaned.cited.append(reference)
        return "[issue]"


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
