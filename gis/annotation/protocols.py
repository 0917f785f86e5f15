"""The ways in which a server can be asked for a level, best first, and how each answer is read.

No server is trusted to keep to what it was asked: every answer is checked, and one that is not a level is an error.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gis.annotation.prompt import LEVELS, TOP_LEVEL, Prompt, Texts, fenced
from gis.errors import GisError

QUESTION = "similarity"  # what the question is called where questions have names
SUM_DIFFERS_BY = 0.05  # of probabilities, from 1, at most
LEAST_MASS = 0.5  # probability that the levels must have among the next tokens
SHOWN = 120  # characters of an answer, in an error
RAW = 1000  # characters of an answer that are kept
WORDS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
LEVEL = re.compile(
    rf"(?:(?:level|score|rating|answer)\s{{0,3}}[:=]?\s{{0,3}})?(?P<level>\d(?:\.\d{{1,6}})?|{'|'.join(WORDS)})"
    r"(?:\s{0,3}/\s{0,3}5)?\.?",
    re.IGNORECASE | re.ASCII,
)
FENCED_CODE = re.compile(r"```(?:json)?\s{0,9}(?P<code>[^`]{1,200})```", re.IGNORECASE)
SCHEMA = {
    "type": "object",
    "properties": {"level": {"type": "integer", "enum": list(range(LEVELS))}},
    "required": ["level"],
    "additionalProperties": False,
}
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": QUESTION, "strict": True, "schema": SCHEMA}}
AS_JSON = 'Answer with a JSON object only: {"level": N}, where N is a level from 0 to 5.'
AS_DIGIT = "Answer with the number of the level only: one digit from 0 to 5."
PLAIN = {"temperature": 0, "max_tokens": 32}
REASONING = {"max_completion_tokens": 4096}  # for models that refuse the parameters of others, and think first


class InvalidAnswerError(GisError):
    """A server's answer is not a level."""


class RefusedError(GisError):
    """The model declined to answer."""


class Grade(NamedTuple):
    """A level that a pair was given.

    Attributes:
        value: 0 to 5; the expectation where there are probabilities.
        probabilities: That of each level, where the protocol gives them.
        raw: The answer as it came, at least its beginning.
    """

    value: float
    probabilities: tuple[float, ...] | None
    raw: str


class Usage(NamedTuple):
    """Tokens that an answer was charged for, and whether the server said so or they are estimated."""

    input_tokens: int
    output_tokens: int
    counted: bool


Body = Callable[[str, Any, Texts], dict[str, Any]]


@dataclass(frozen=True)
class Protocol:
    """A way to ask.

    Attributes:
        name: What caches and reports call it.
        path: Where requests go, below the base URL.
        body: Makes a request of the model's name, the prompt and the texts.
        read: Reads from an answer what was asked for, such as a level.
        instead_of: The protocol that a server must have refused before this one is tried.
    """

    name: str
    path: str
    body: Body
    read: Callable[[Any], Any]
    instead_of: str = ""


def _decision(model: str, prompt: Prompt, texts: Texts) -> dict[str, Any]:
    levels = [{"label": str(level), "description": meaning} for level, meaning in enumerate(prompt.levels)]
    question = {
        "type": "score",
        "name": QUESTION,
        "instructions": prompt.guarded_question(texts),
        "levels": levels,
    }
    return {"model": model, "input": fenced(texts), "questions": [question]}


def _read_decision(answer: Any) -> Grade:  # noqa: ANN401 - whatever a server sent
    answers = _of(answer, "answers")
    if not isinstance(answers, list) or len(answers) != 1:
        raise InvalidAnswerError(f"one answer was expected, not {shown_answer(answers)}")
    given = answers[0]
    if _of(given, "type") == "refusal":
        raise RefusedError("the model refused to answer")
    listed = _of(given, "probabilities")
    if not isinstance(listed, list):
        raise InvalidAnswerError(f"no probabilities of levels in {shown_answer(given)}")
    # by their labels, which are ours: whether values count from 0 or from 1 is the server's choice
    return _expected([(_of(item, "label"), _of(item, "probability")) for item in listed], given)


def _system_one(model: str, prompt: Prompt, texts: Texts) -> dict[str, Any]:
    question = {
        "type": "score",
        "instructions": prompt.guarded_question(texts),
        "criteria": list(prompt.levels),
    }
    return {"model": model, "state": fenced(texts), "questions": {QUESTION: question}}


def _read_system_one(answer: Any) -> Grade:  # noqa: ANN401
    given = _of(_of(answer, "answers"), QUESTION)
    if _of(given, "type") == "refusal":
        raise RefusedError("the model refused to answer")
    by_level = _of(given, "probabilities")
    if not isinstance(by_level, dict):
        raise InvalidAnswerError(f"no probabilities of levels in {shown_answer(given)}")
    return _expected(list(by_level.items()), given)


def _chat(answer_form: str, **parameters: Any) -> Body:  # noqa: ANN401
    def body(model: str, prompt: Prompt, texts: Texts) -> dict[str, Any]:
        system = f"{prompt.guarded_question(texts)}\n{prompt.levels_in_lines}\n\n{answer_form}"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": fenced(texts)}]
        return {"model": model, "messages": messages, **parameters}

    return body


def _read_json(answer: Any) -> Grade:  # noqa: ANN401
    content = content_of(answer)
    fence = FENCED_CODE.fullmatch(content)
    try:
        given = json.loads(fence["code"] if fence else content)["level"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidAnswerError(f"the answer is not the JSON that was asked for: {shown_answer(content)}") from None
    level = read_level(given) if isinstance(given, str) else given
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level <= TOP_LEVEL:
        raise InvalidAnswerError(f"the level is {shown_answer(given)}, expected 0 to {TOP_LEVEL}")
    return Grade(float(level), None, content[:RAW])


def _read_log_probabilities(answer: Any) -> Grade:  # noqa: ANN401
    content = content_of(answer)
    tokens = _of(_of(_choice(answer), "logprobs"), "content")
    names = {str(level) for level in range(LEVELS)}
    for token in tokens if isinstance(tokens, list) else []:
        top = _of(token, "top_logprobs")
        if str(_of(token, "token")).strip() not in names or not isinstance(top, list):
            continue
        mass = dict.fromkeys(sorted(names), 0.0)
        for item in top:
            name, logarithm = str(_of(item, "token")).strip(), _of(item, "logprob")
            if name in mass and _is_number(logarithm) and logarithm <= 0:
                mass[name] += math.exp(logarithm)
        total = sum(mass.values())
        if not LEAST_MASS <= total <= 1 + SUM_DIFFERS_BY:
            raise InvalidAnswerError(f"the levels have {total:.2f} of the probability of the next token")
        return _expected([(name, part / total) for name, part in mass.items()], content)
    raise InvalidAnswerError(f"no probabilities of levels beside the answer {shown_answer(content)}")


def read_level(content: str) -> float | None:
    """Return the level that an answer consists of, in digits, in a word or as JSON; None for anything else."""
    match = LEVEL.fullmatch(content.strip().strip("*\"'").strip())
    if match is None:
        return None
    level = float(WORDS.get(match["level"].lower(), -1))
    level = float(match["level"]) if level < 0 else level
    return level if level <= TOP_LEVEL else None


def _read_plain(answer: Any) -> Grade:  # noqa: ANN401
    content = content_of(answer)
    level = read_level(content)
    if level is not None:
        return Grade(level, None, content[:RAW])
    try:
        return _read_json(answer)
    except InvalidAnswerError:
        raise InvalidAnswerError(f"the answer is not a level from 0 to {TOP_LEVEL}: {shown_answer(content)}") from None


PROTOCOLS = (
    Protocol("decisions", "/decisions", _decision, _read_decision),
    Protocol("systemone", "/systemone", _system_one, _read_system_one),
    Protocol("chat-schema", "/chat/completions", _chat(AS_JSON, **PLAIN, response_format=RESPONSE_FORMAT), _read_json),
    Protocol(
        "chat-schema-reasoning",
        "/chat/completions",
        _chat(AS_JSON, **REASONING, response_format=RESPONSE_FORMAT),
        _read_json,
        instead_of="chat-schema",
    ),
    Protocol(
        "chat-logprobs",
        "/chat/completions",
        _chat(AS_DIGIT, **PLAIN, logprobs=True, top_logprobs=20),
        _read_log_probabilities,
    ),
    Protocol("chat", "/chat/completions", _chat(AS_DIGIT, **PLAIN), _read_plain),
    Protocol("chat-reasoning", "/chat/completions", _chat(AS_DIGIT, **REASONING), _read_plain, instead_of="chat"),
)
NEXT_TOKEN = Protocol("next-token", "", _chat(AS_DIGIT), _read_plain)  # of a model in this process: nothing is parsed
PROTOCOL_BY_NAME: Mapping[str, Protocol] = {protocol.name: protocol for protocol in PROTOCOLS}


def estimated_usage(body: Mapping[str, Any], answer_tokens: int) -> Usage:
    """Return what a request costs by the rule that four characters are a token."""
    written = {key: value for key, value in body.items() if key not in ("model", "response_format")}
    return Usage(len(json.dumps(written, ensure_ascii=False)) // 4, answer_tokens, counted=False)


def usage_of(answer: Any, body: Mapping[str, Any], answer_tokens: int) -> Usage:  # noqa: ANN401
    """Return the tokens that a server counted, in either of the usual words; else an estimate."""
    usage = _of(answer, "usage")
    for into, out in (("input_tokens", "output_tokens"), ("prompt_tokens", "completion_tokens")):
        counts = [_of(usage, into), _of(usage, out)]
        whole = all(isinstance(count, int) and not isinstance(count, bool) for count in counts)
        if whole and 0 < counts[0] < 2**40 and 0 <= counts[1] < 2**40:  # no request has no tokens
            return Usage(counts[0], counts[1], counted=True)
    return estimated_usage(body, answer_tokens)


def checked_probabilities(values: Sequence[Any]) -> tuple[float, ...]:
    """Return the probabilities of all levels, made to sum to 1.

    Raises:
        InvalidAnswerError: They are not as many as the levels, not probabilities, or do not sum to 1.
    """
    if len(values) != LEVELS or not all(_is_number(value) and value >= 0 for value in values):
        raise InvalidAnswerError(f"{shown_answer(values)} are not the probabilities of {LEVELS} levels")
    total = float(sum(values))
    if abs(total - 1) > SUM_DIFFERS_BY:
        raise InvalidAnswerError(f"the probabilities of the levels sum to {total:g}")
    return tuple(float(value) / total for value in values)


def expectation(probabilities: Sequence[float]) -> float:
    """Return the mean level."""
    return min(float(TOP_LEVEL), sum(level * part for level, part in enumerate(probabilities)))


def _expected(by_label: Sequence[tuple[Any, Any]], given: Any) -> Grade:  # noqa: ANN401
    named = {str(label): probability for label, probability in by_label}
    if len(named) != len(by_label) or set(named) != {str(level) for level in range(LEVELS)}:
        raise InvalidAnswerError(f"the levels are {shown_answer(sorted(named))}, expected 0 to {TOP_LEVEL}")
    probabilities = checked_probabilities([named[str(level)] for level in range(LEVELS)])
    raw = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return Grade(expectation(probabilities), probabilities, raw[:RAW])


def _choice(answer: Any) -> Any:  # noqa: ANN401
    choices = _of(answer, "choices")
    if not isinstance(choices, list) or not choices:
        raise InvalidAnswerError(f"no choice in {shown_answer(answer)}")
    return choices[0]


def content_of(answer: Any) -> str:  # noqa: ANN401
    """Return what a model says in a chat.

    Raises:
        RefusedError: It declined to answer.
        InvalidAnswerError: It says nothing, or was cut off before its end.
    """
    choice = _choice(answer)
    message = _of(choice, "message")
    if _of(message, "refusal") or _of(choice, "finish_reason") == "content_filter":
        raise RefusedError(f"the model refused to answer: {shown_answer(_of(message, 'refusal') or 'content filter')}")
    if _of(choice, "finish_reason") == "length":
        raise InvalidAnswerError("the answer was cut off at the limit of tokens")
    content = _of(message, "content")
    if not isinstance(content, str) or not content.strip():
        raise InvalidAnswerError("the answer is empty")
    return content.strip()


def _of(value: Any, key: str) -> Any:  # noqa: ANN401
    """Return a member of what should be an object; None where it is not, or lacks it."""
    return value.get(key) if isinstance(value, dict) else None


def _is_number(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is a finite number; a whole one may be larger than any float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def shown_answer(value: Any) -> str:  # noqa: ANN401
    """Return an answer, or its beginning, for a message."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}…"
