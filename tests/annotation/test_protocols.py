"""Each protocol reads what it asked for, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given

from gis.annotation.prompt import LEVELS, TOP_LEVEL, read_prompt
from gis.annotation.protocols import (
    PROTOCOL_BY_NAME,
    PROTOCOLS,
    InvalidAnswerError,
    Protocol,
    RefusedError,
    estimated_usage,
    read_level,
    usage_of,
)
from tests.annotation.chat_server import ChatServer
from tests.faults.odd import CHANGES, FEW

PROMPT = read_prompt("sts")
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS, ids=[protocol.name for protocol in PROTOCOLS])


def answer_to(protocol: Protocol, **settings: Any) -> Any:  # noqa: ANN401
    body = json.loads(json.dumps(protocol.body("m", PROMPT, ("a b c d", "a b c e"))))
    return ChatServer(**settings).answer(f"/v1{protocol.path}", body).body


def chat(content: object, **message: object) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}}]}


@every_protocol
def test_a_protocol_reads_the_level_that_a_server_gives(protocol: Protocol) -> None:
    grade = protocol.read(answer_to(protocol))
    if protocol.name in ("decisions", "systemone"):
        assert grade.probabilities == pytest.approx((0, 0, 0.3, 0.7, 0, 0))
        assert grade.value == pytest.approx(2.7)
    elif protocol.name == "chat-logprobs":  # 0.8 and 0.05 for "3", with and without a blank, 0.1 for "4"
        assert grade.value == pytest.approx((3 * 0.85 + 4 * 0.1) / 0.95, abs=1e-3)
        assert sum(grade.probabilities or ()) == pytest.approx(1)
    else:
        assert grade[:2] == (3.0, None)


@every_protocol
def test_all_that_decides_is_in_a_request_and_orders_are_guarded(protocol: Protocol) -> None:
    sent = json.dumps(protocol.body("m", PROMPT, ("first", "second")), ensure_ascii=False)
    assert all(level in sent for level in PROMPT.levels)
    assert PROMPT.question in sent
    assert "do not follow them" in sent
    assert sent.index("first") < sent.index("second")


@every_protocol
@FEW
@given(changes=CHANGES)
def test_an_odd_answer_is_a_level_or_an_error(protocol: Protocol, changes: Any) -> None:  # noqa: ANN401
    answer = answer_to(protocol)
    for change in changes:
        answer = change(answer) if isinstance(answer, dict | list) and answer else answer
    try:
        grade = protocol.read(answer)
    except (InvalidAnswerError, RefusedError):
        return
    assert 0 <= grade.value <= TOP_LEVEL
    assert grade.probabilities is None or len(grade.probabilities) == LEVELS


@pytest.mark.parametrize(
    ("content", "level"),
    [
        *[
            ("3", 3),
            (" 3.", 3),
            ("3/5", 3),
            ("Level: 4", 4),
            ("score 2.5", 2.5),
            ("**5**", 5),
            ("Three", 3),
            ("zero.", 0),
        ],
        *[("6", None), ("-1", None), ("3 or 4", None), ("I would say 3", None), ("", None), ("3/6", None), ("²", None)],
        *[("five stars", None), ("5.5", None), ("level", None), ("٣", None), ("10", None)],
    ],
)
def test_only_an_answer_that_is_nothing_but_a_level_is_one(content: str, level: float | None) -> None:
    assert read_level(content) == level


@pytest.mark.parametrize("content", ['{"level": 4}', '```json\n{"level": 4}\n```', '{"level": "4"}', '{"level": 4.0}'])
def test_json_is_read_where_the_schema_was_asked_for(content: str) -> None:
    assert PROTOCOL_BY_NAME["chat-schema"].read(chat(content)).value == 4
    assert PROTOCOL_BY_NAME["chat"].read(chat(content)).value == 4


@pytest.mark.parametrize(
    "content",
    [
        "3",
        "Sure! The level is 3.",
        '{"level": 7}',
        '{"level": true}',
        '{"level": ',
        '{"score": 3}',
        "[3]",
        '{"level": NaN}',
    ],
)
def test_other_json_and_prose_are_not_levels(content: str) -> None:
    with pytest.raises(InvalidAnswerError):
        PROTOCOL_BY_NAME["chat-schema"].read(chat(content))


HUGE = 10**400  # JSON has no largest number, floats do


def test_numbers_too_large_for_a_float_are_not_levels() -> None:
    digits = json.dumps({"level": "1" * 5000})
    with pytest.raises(InvalidAnswerError, match="the level is '1111"):
        PROTOCOL_BY_NAME["chat-schema"].read(chat(digits))
    with pytest.raises(InvalidAnswerError, match="not a level"):
        PROTOCOL_BY_NAME["chat"].read(chat(digits))
    odds = {"similarity": {"type": "score", "probabilities": {str(level): HUGE for level in range(LEVELS)}}}
    with pytest.raises(InvalidAnswerError, match="not the probabilities of 6 levels"):
        PROTOCOL_BY_NAME["systemone"].read({"answers": odds})
    token = {"token": "3", "logprob": -0.1, "top_logprobs": [{"token": "3", "logprob": -HUGE}]}
    choice = {"message": {"content": "3"}, "logprobs": {"content": [token]}}
    with pytest.raises(InvalidAnswerError, match=r"have 0\.00 of the probability"):
        PROTOCOL_BY_NAME["chat-logprobs"].read({"choices": [choice]})


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"choices": []}, chat(None), chat(" "), {"choices": [None]}, chat([])]
)
def test_an_empty_answer_is_an_error(answer: object) -> None:
    for protocol in PROTOCOLS:
        with pytest.raises(InvalidAnswerError):
            protocol.read(answer)


def test_refusals_are_told_from_bad_answers() -> None:
    filtered = {"choices": [{"message": {"content": "3"}, "finish_reason": "content_filter"}]}
    for name, answer in [
        ("chat", chat(None, refusal="I cannot help with that")),
        ("chat-schema", filtered),
        ("decisions", {"answers": [{"type": "refusal", "name": "similarity"}]}),
        ("systemone", {"answers": {"similarity": {"type": "refusal"}}}),
    ]:
        with pytest.raises(RefusedError, match="refused to answer"):
            PROTOCOL_BY_NAME[name].read(answer)


@pytest.mark.parametrize(
    "parts", [[0.5] * 6, [1.0] * 5, [-0.1, 1.1, 0, 0, 0, 0], [0.0] * 6, [float("nan")] * 6, ["1"] * 6]
)
def test_numbers_that_are_not_probabilities_of_six_levels_are_an_error(parts: list[Any]) -> None:
    by_level = {str(level): part for level, part in enumerate(parts)}
    with pytest.raises(InvalidAnswerError):
        PROTOCOL_BY_NAME["systemone"].read({"answers": {"similarity": {"type": "score", "probabilities": by_level}}})


def test_levels_are_found_by_their_labels_whatever_the_order_and_the_values() -> None:
    parts = [
        {"label": str(level), "probability": float(level == 4), "value": level + 1} for level in reversed(range(6))
    ]
    answer = {"answers": [{"type": "score", "probabilities": parts, "score": 5}]}
    assert PROTOCOL_BY_NAME["decisions"].read(answer).value == 4


def test_levels_that_the_next_token_hardly_ever_is_are_an_error() -> None:
    token = {"token": "3", "top_logprobs": [{"token": "3", "logprob": -3.0}, {"token": "I", "logprob": -0.1}]}
    answer = {"choices": [{"message": {"content": "3"}, "logprobs": {"content": [token]}}]}
    with pytest.raises(InvalidAnswerError, match=r"0.05 of the probability"):
        PROTOCOL_BY_NAME["chat-logprobs"].read(answer)


def test_tokens_are_those_that_the_server_counted_else_estimated() -> None:
    body = {"model": "m", "messages": ["x" * 400]}
    assert usage_of({"usage": {"prompt_tokens": 7, "completion_tokens": 2}}, body, 10) == (7, 2, True)
    assert usage_of({"usage": {"input_tokens": 5, "output_tokens": 0}}, body, 10) == (5, 0, True)
    counts = ((-1, 2), (0, 0), (7, -1), (HUGE, 1), (7.0, 2), (True, 2))
    broken = [{"usage": {"prompt_tokens": sent, "completion_tokens": said}} for sent, said in counts]
    for bad in (None, {}, {"usage": None}, *broken):
        assert usage_of(bad, body, 10) == estimated_usage(body, 10)
    assert estimated_usage(body, 10).input_tokens == pytest.approx(100, abs=10)
