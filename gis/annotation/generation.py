"""What models are asked to write: texts of the same and of another meaning, and which of them can be used.

The AnglE preprint (arXiv 2309.12871) lets language models write such texts where a domain has no labels, and unites
what several models wrote.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from gis.annotation.prompt import PROMPTS, Prompt, Texts, fenced, guard, read_toml
from gis.annotation.protocols import PLAIN, REASONING, InvalidAnswerError, Protocol, content_of, shown_answer
from gis.errors import GisError, check_number
from gis.hashes import sha256_of
from gis.languages import possible_languages
from gis.masking import masked
from gis.near_duplicates import NEAR_JACCARD, Sketch, jaccard, sketch
from gis.text import whole_characters
from gis.words import words

GENERATION_PROMPTS = PROMPTS / "generate"
ENTRIES = ("instructions", "same", "other")
EXPECTED = f"expected are the texts {', '.join(ENTRIES)}"
MOST_TEXTS = 20  # of a kind, for one text
FRAME = ("<<<", ">>>")  # how the lines begin that a text stands between
CHARACTERS_PER_TOKEN, TOKENS_OF_FRAME = 4, 20
TOO_FEW = "fewer texts than were asked for"
COPY = "a copy of the given text"
REPEATED = "a repetition"
CONTRADICTED = "called the same by one answer and another by one"
NEAR_COPY = "a near-copy of the given text, called another"
OTHER_LANGUAGE = "in another language"
LEAKED = "a piece of the question"
EMPTY = "empty"


class Generated(NamedTuple):
    """What a model wrote about a text: texts of the same meaning, and others."""

    same: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True)
class GenerationPrompt:
    """What models are asked to write.

    Attributes:
        name: The name of a prompt of gis, or the file.
        instructions: How to write.
        same: What the texts of the same meaning do.
        other: What the others do.
        count: How many of each are asked for.
    """

    name: str
    instructions: str
    same: str
    other: str
    count: int

    def __post_init__(self) -> None:
        check_number("the number of texts of each kind", self.count, 1, MOST_TEXTS)

    @property
    def sha256(self) -> str:
        """Hash of everything that models are shown but the texts."""
        return sha256_of(["generate", self.question(("",)), fenced(("",))])

    def question(self, texts: Texts) -> str:
        """Return the instructions, with the rule that orders in the text do not count."""
        return (
            f"{self.instructions}\n\n{guard(texts)}\n\nWrite {self.count} texts that {self.same}, and {self.count} "
            f"texts that {self.other}.\n\n{AS_JSON}"
        )

    def answer_tokens(self, texts: Texts) -> int:
        """Return about how many tokens an answer has: each text is about as long as the given one."""
        return 2 * self.count * (len(texts[0]) // CHARACTERS_PER_TOKEN + TOKENS_OF_FRAME)


AnyPrompt = Prompt | GenerationPrompt
AS_JSON = 'Answer with a JSON object only: {"same": ["…", …], "other": ["…", …]}.'
LIST = {"type": "array", "items": {"type": "string"}}
SCHEMA = {
    "type": "object",
    "properties": {"same": LIST, "other": LIST},
    "required": ["same", "other"],
    "additionalProperties": False,
}
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": "texts", "strict": True, "schema": SCHEMA}}


def read_generation_prompt(name: str, count: int) -> GenerationPrompt:
    """Read a prompt of gis by its name, or one of the user's from a TOML file.

    Raises:
        UsageError: There is no such prompt and no such file, or the count is out of range.
        GisError: The file is not a prompt.
    """
    content = read_toml(name, GENERATION_PROMPTS, EXPECTED)
    texts = [content[entry].strip() for entry in ENTRIES if isinstance(content.get(entry), str)]
    if len(content) != len(ENTRIES) or len(texts) != len(ENTRIES) or not all(texts):
        raise GisError(f"{name} is not a prompt: {EXPECTED}; it holds {', '.join(content) or 'nothing'}")
    instructions, same, other = texts
    return GenerationPrompt(name, instructions, same, other, count)


def _body(model: str, prompt: GenerationPrompt, texts: Texts) -> dict[str, Any]:
    messages = [{"role": "system", "content": prompt.question(texts)}, {"role": "user", "content": fenced(texts)}]
    return {"model": model, "messages": messages}


def _plain(model: str, prompt: GenerationPrompt, texts: Texts) -> dict[str, Any]:
    return {**_body(model, prompt, texts), **PLAIN, "max_tokens": _most_tokens(prompt, texts)}


def _reasoning(model: str, prompt: GenerationPrompt, texts: Texts) -> dict[str, Any]:
    most = REASONING["max_completion_tokens"] + _most_tokens(prompt, texts)
    return {**_body(model, prompt, texts), "max_completion_tokens": most}


def _most_tokens(prompt: GenerationPrompt, texts: Texts) -> int:
    return 512 + 2 * prompt.answer_tokens(texts)


def generated(content: Any) -> Generated:  # noqa: ANN401 - whatever a model or a file holds
    """Return the texts in a JSON object, without halves of characters and secrets of this process.

    Raises:
        InvalidAnswerError: It is not an object with two lists of texts.
    """
    lists = [content.get(name) for name in Generated._fields] if isinstance(content, dict) else []
    texts = [
        tuple(masked(whole_characters(text)) for text in each)
        for each in lists
        if isinstance(each, list) and all(isinstance(text, str) for text in each)
    ]
    if len(texts) != len(Generated._fields):
        raise InvalidAnswerError(f"the answer is not two lists of texts: {shown_answer(content)}")
    return Generated(*texts)


def read_generated(answer: Any) -> Generated:  # noqa: ANN401
    """Read the answer of a server.

    Raises:
        InvalidAnswerError: It is not the JSON that was asked for, or only a part of it.
        RefusedError: The model declined to answer.
    """
    content = content_of(answer)
    if content.startswith("```") and content.endswith("```"):
        content = content.partition("\n")[2].removesuffix("```")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidAnswerError(f"the answer is not the JSON that was asked for: {shown_answer(content)}") from None
    texts = generated(value)
    if not texts.same and not texts.other:
        raise InvalidAnswerError("the answer holds no texts")
    return texts


GENERATION_PROTOCOLS = (
    Protocol(
        "chat-schema",
        "/chat/completions",
        lambda *asked: {**_plain(*asked), "response_format": RESPONSE_FORMAT},
        read_generated,
    ),
    Protocol(
        "chat-schema-reasoning",
        "/chat/completions",
        lambda *asked: {**_reasoning(*asked), "response_format": RESPONSE_FORMAT},
        read_generated,
        instead_of="chat-schema",
    ),
    Protocol("chat", "/chat/completions", _plain, read_generated),
    Protocol("chat-reasoning", "/chat/completions", _reasoning, read_generated, instead_of="chat"),
)


class Written(NamedTuple):
    """A text that can be used: of the same meaning as the given one or not, and which models wrote it."""

    text: str
    same: bool
    models: tuple[str, ...]


class Screened(NamedTuple):
    """What can be used of the answers about one text, and how many texts cannot, by reason."""

    written: tuple[Written, ...]
    dropped: Mapping[str, int]


def screen(given: str, answers: Mapping[str, Generated], count: int) -> Screened:
    """Unite what several models wrote about a text, without what cannot be used.

    Args:
        given: The text.
        answers: What each model wrote.
        count: How many texts of each kind were asked for; more are not looked at.
    """
    source, dropped = _Given(given), Counter[str]()
    models: dict[tuple[str, ...], dict[bool, list[str]]] = {}
    first_form: dict[tuple[str, ...], str] = {}
    for model, answer in answers.items():
        for same, texts in ((True, answer.same[:count]), (False, answer.other[:count])):
            dropped[TOO_FEW] += count - len(texts)
            for text in map(str.strip, texts):
                reason = source.objection(text, same=same)
                key = tuple(words(text))
                by_kind = models.setdefault(key, {}) if not reason else {}
                if not reason and same in by_kind:
                    reason = REPEATED
                    if model not in by_kind[same]:
                        by_kind[same].append(model)
                if reason:
                    dropped[reason] += 1
                else:
                    by_kind[same] = [model]
                    first_form.setdefault(key, text)
    contradicted = [key for key, by_kind in models.items() if len(by_kind) > 1]
    dropped[CONTRADICTED] += 2 * len(contradicted)
    written = (
        Written(first_form[key], same, tuple(names))
        for key, by_kind in models.items()
        for same, names in by_kind.items()
        if key not in contradicted
    )
    ordered = sorted(written, key=lambda each: not each.same)
    return Screened(tuple(ordered), {reason: number for reason, number in dropped.items() if number})


class _Given:
    """The text that others are compared with."""

    def __init__(self, text: str) -> None:
        self._text = text

    def objection(self, text: str, *, same: bool) -> str:
        """Return why a text cannot be used; empty where it can."""
        if not text or not words(text):
            return EMPTY
        if any(mark in text and mark not in self._text for mark in FRAME):
            return LEAKED
        if words(text) == self._words:
            return COPY
        if not same and jaccard(sketch(text).shingles, self._sketch.shingles) >= NEAR_JACCARD:
            return NEAR_COPY
        languages = possible_languages(text)
        if languages and self._languages and not languages & self._languages:
            return OTHER_LANGUAGE
        return ""

    @cached_property
    def _words(self) -> Sequence[str]:
        return words(self._text)

    @cached_property
    def _sketch(self) -> Sketch:
        return sketch(self._text)

    @cached_property
    def _languages(self) -> frozenset[str]:
        return possible_languages(self._text)
