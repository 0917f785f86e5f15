import random
import string
from typing import Any

import numpy as np
import pytest

from gis.errors import UsageError
from gis.models.transformer import tokens as tokens_module
from gis.models.transformer.tokens import TextTokenizer
from tests.tiny_models import WORDS, byte_tokenizer, wordpiece_tokenizer

CLS, SEP = 2, 3
SUFFIX = " : in a word"


def _tokenizer(limit: int | None = None, prompt: str = "{text}", *, lowercase: bool = False) -> TextTokenizer:
    return TextTokenizer(wordpiece_tokenizer(), limit, prompt, lowercase=lowercase)


REFERENCE: Any = wordpiece_tokenizer()


def _ids(text: str) -> list[int]:
    ids: list[int] = REFERENCE(text, add_special_tokens=False)["input_ids"]
    return ids


def _read(tokenizer: TextTokenizer, text: str) -> tuple[list[int], int, int]:
    """Ids, tokens and kept of one text."""
    result = tokenizer([text])
    return result.ids[0].tolist(), int(result.tokens[0]), int(result.kept[0])


def test_ids_are_the_tokenizers_own() -> None:
    reference: Any = wordpiece_tokenizer()
    texts = ["a cat", "", "The compiler PANICS!", "größer 日本"]
    assert [ids.tolist() for ids in _tokenizer()(texts).ids] == reference(texts)["input_ids"]


@pytest.mark.parametrize(("words", "kept"), [(5, 5), (6, 6), (7, 6), (50, 6), (0, 0)])
def test_counts_are_exact_below_at_and_above_the_limit(words: int, kept: int) -> None:
    ids, tokens, found = _read(_tokenizer(8), "cat " * words)
    assert (tokens, found) == (words, kept)
    assert ids == [CLS, *_ids("cat") * kept, SEP]


def test_without_limit_nothing_is_cut() -> None:
    assert _read(_tokenizer(None), "cat " * 500)[1:] == (500, 500)


@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_that_leaves_no_room_beside_the_special_tokens_is_refused(limit: int) -> None:
    with pytest.raises(UsageError, match=f"max_length {limit} leaves no room for a text"):
        _tokenizer(limit)
    assert _read(_tokenizer(3), "cat dog sat") == ([CLS, *_ids("cat"), SEP], 3, 1)


def test_a_prefix_prompt_is_counted_and_comes_first() -> None:
    ids, tokens, kept = _read(_tokenizer(8, "report: {text}"), "cat " * 20)
    assert ids == [CLS, *_ids("report: cat cat cat cat"), SEP]
    assert (tokens, kept) == (22, 6)


def test_the_end_of_a_prompt_survives_the_cut_of_a_long_text() -> None:
    ids, tokens, kept = _read(_tokenizer(12, "report {text}" + SUFFIX), "cat dog " * 20)
    assert ids == [CLS, *_ids("report cat dog cat dog cat"), *_ids(SUFFIX), SEP]
    assert (tokens, kept) == (1 + 40 + 4, 10)


def test_a_short_text_in_a_prompt_is_left_whole() -> None:
    ids, tokens, kept = _read(_tokenizer(12, "report {text}" + SUFFIX), "cat dog sat")
    assert ids == [CLS, *_ids("report cat dog sat"), *_ids(SUFFIX), SEP]
    assert tokens == kept == 8


@pytest.mark.parametrize("prompt", ["report {text}" + SUFFIX, "report cat dog sat mat {text}"])
def test_a_prompt_that_leaves_no_room_for_a_text_is_refused(prompt: str) -> None:
    with pytest.raises(UsageError, match="max_length 7 leaves no room for a text beside the 7 tokens"):
        _tokenizer(7, prompt)
    assert len(_read(_tokenizer(8, prompt), "cat dog")[0]) == 8


def test_texts_and_prompt_are_lower_cased_as_by_sentence_transformers() -> None:
    cased: Any = wordpiece_tokenizer(lower=False)
    ids = TextTokenizer(cased, None, "A {text}", lowercase=True)(["CAT"]).ids[0].tolist()
    assert ids == cased("a cat")["input_ids"]


def test_more_texts_than_one_chunk_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "TEXTS_PER_CALL", 3)
    result = _tokenizer()(WORDS[:8])
    assert [ids.tolist() for ids in result.ids] == [[CLS, *_ids(word), SEP] for word in WORDS[:8]]
    assert result.tokens.tolist() == [1] * 8


def test_a_call_forgets_the_truncation_of_the_call_before() -> None:
    tokenizer = _tokenizer(8, "{text}" + SUFFIX)
    before = _read(tokenizer, "cat " * 30)
    assert _read(tokenizer, "dog")[1:] == (5, 5)
    assert _read(tokenizer, "cat " * 30) == before


def test_no_texts_give_empty_arrays() -> None:
    result = _tokenizer(8)([])
    assert result.ids == []
    assert result.tokens.shape == result.kept.shape == (0,)


def test_any_text_of_words_is_cut_to_exactly_the_limit() -> None:
    rng = random.Random(0)
    for _ in range(100):
        limit = rng.randint(8, 40)
        text = " ".join(rng.choices(WORDS, k=rng.randint(0, 60)))
        body = _ids(text)
        for prompt, suffix in (("{text}", ""), ("{text}" + SUFFIX, SUFFIX)):
            end = _ids(suffix)
            ids, tokens, kept = _read(_tokenizer(limit, prompt), text)
            assert tokens == len(body) + len(end)
            assert kept == min(tokens, limit - 2)
            assert ids == [CLS, *body[: kept - len(end)], *end, SEP]


@pytest.mark.parametrize("kind", [wordpiece_tokenizer, byte_tokenizer])
def test_any_text_keeps_the_end_of_its_prompt_within_the_limit(kind: Any) -> None:  # noqa: ANN401
    rng = random.Random(1)
    backend = kind()
    end = backend(SUFFIX, add_special_tokens=False)["input_ids"]
    specials = backend.num_special_tokens_to_add()
    alphabet = string.ascii_letters + string.punctuation + "   \n\t éßÅ日本🙂\u0301"
    for _ in range(150):
        limit = rng.randint(len(end) + specials + 6, 60)
        text = "".join(rng.choices(alphabet, k=rng.randint(0, 120)))
        prompt = f"a {{text}}{SUFFIX}"
        whole = backend(prompt.replace("{text}", text), add_special_tokens=False)["input_ids"]
        ids, tokens, kept = _read(TextTokenizer(kind(), limit, prompt, lowercase=False), text)
        assert tokens == len(whole)
        assert kept == len(ids) - specials <= min(tokens, limit - specials)
        assert (kept == tokens) == (tokens <= limit - specials)
        content = ids[1:-1] if specials else ids
        assert content[-len(end) :] == end


def test_ids_are_whole_numbers_of_four_bytes() -> None:
    assert {ids.dtype for ids in _tokenizer(8)(["a cat", "", "cat " * 30]).ids} == {np.dtype(np.int32)}
