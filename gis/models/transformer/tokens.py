"""Turn texts into token ids, once, and count what the model's limit cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.models.transformer.model_folder import split_prompt

TEXTS_PER_CALL = 8192  # texts tokenised at a time: bounds the memory of the tokenizer's own records


@dataclass(frozen=True)
class Tokenized:
    """Token ids of texts.

    Attributes:
        ids: For each text its ids as the model reads them: cut, with prompt and special tokens.
        tokens: (n,) tokens of the whole text and its prompt, without special tokens.
        kept: (n,) how many of those remained.
    """

    ids: list[NDArray[np.int32]]
    tokens: NDArray[np.int64]
    kept: NDArray[np.int64]


@dataclass(frozen=True)
class TokenPlaces:
    """Where the tokens of a text are, without special tokens and prompt.

    Attributes:
        starts: (tokens,) the character that each begins with.
        begins_word: (tokens,) whether it is the first of its word.
    """

    starts: NDArray[np.int64]
    begins_word: NDArray[np.bool_]


class TextTokenizer:
    """A transformers tokenizer with a prompt and a limit.

    Args:
        tokenizer: A tokenizer, fast or (a few languages have no other) written in Python.
        max_tokens: Longest sequence, special tokens included; None without limit.
        prompt: Text with ``{text}`` where the text goes. What follows it survives the cut: the text is
            shortened instead, because a last-token model reads its answer off the prompt's end.
        lowercase: Lower-case what is read, for models that were trained so outside their tokenizer.
    """

    def __init__(self, tokenizer: Any, max_tokens: int | None, prompt: str, *, lowercase: bool) -> None:  # noqa: ANN401
        self._tokenizer = tokenizer
        self._lowercase = lowercase
        self._backend: Any = getattr(tokenizer, "backend_tokenizer", None)
        if self._backend is not None:
            self._backend.no_padding()
            if lowercase:
                _let_lowercase(self._backend)
        self._side: str = tokenizer.truncation_side
        self._max_tokens = max_tokens
        names = ("cls", "sep", "bos", "eos", "pad", "mask")  # not the unknown token, which stands for text
        special = (getattr(tokenizer, f"{name}_token_id", None) for name in names)
        self.special_ids = sorted({number for number in special if number is not None})
        self._specials: int = tokenizer.num_special_tokens_to_add(pair=False)
        self._before, self._after = split_prompt(prompt)
        if max_tokens is not None and max_tokens <= self.added:  # all texts would have one vector
            raise UsageError(
                f"max_length {max_tokens} leaves no room for a text beside the {self.added} tokens of the prompt and "
                "the tokenizer"
            )

    def __call__(self, texts: Sequence[str]) -> Tokenized:
        """Tokenise ``texts``, on all threads where the tokenizer can."""
        ids: list[NDArray[np.int32]] = []
        tokens: list[int] = []
        for start in range(0, len(texts), TEXTS_PER_CALL):
            prompted = [self._prompted(text) for text in texts[start : start + TEXTS_PER_CALL]]
            for text, (cut_ids, length) in zip(prompted, self._encode(prompted), strict=True):
                too_long = self._max_tokens is not None and length + self._specials > self._max_tokens
                if too_long and self._after:
                    cut_ids = self._cut_inside_prompt(text, length)
                ids.append(cut_ids)
                tokens.append(length)
        counts = np.array(tokens, dtype=np.int64)
        kept = np.array([len(row) for row in ids], dtype=np.int64) - self._specials
        return Tokenized(ids, counts, np.minimum(kept, counts))

    def inputs(self, text: str) -> Any:  # noqa: ANN401 - transformers' BatchEncoding
        """Return everything that the tokenizer makes of one text, as tensors: what the model's authors feed it."""
        limit = self._max_tokens
        return self._tokenizer(
            [self._prompted(text)], truncation=limit is not None, max_length=limit, return_tensors="pt"
        )

    @property
    def has_types(self) -> bool:
        """Whether tokens of a single text have another type than 0, for which some models have a vector."""
        types = self.inputs("a").get("token_type_ids")
        return types is not None and bool(types.any())

    @property
    def prompt_tokens(self) -> int:
        """How many tokens the prompt adds to a text; counts of tokens hold them."""
        return self.added - self._specials

    @property
    def added(self) -> int:
        """How many tokens the prompt and the special tokens add to a text."""
        if self._backend is not None:
            self._backend.no_truncation()  # which tokenizer.json may set
        return len(self._whole_ids(f"{self._before}{self._after}"))

    def places(self, texts: Sequence[str]) -> list[TokenPlaces]:
        """Return where the tokens of each text are.

        Raises:
            GisError: The tokenizer is one that does not say.
        """
        if self._backend is None:
            raise GisError("the model's tokenizer does not say where a token is in the text, so windows cannot be cut")
        self._backend.no_truncation()
        parts = (texts[start : start + TEXTS_PER_CALL] for start in range(0, len(texts), TEXTS_PER_CALL))
        encodings = (self._backend.encode_batch(list(part), add_special_tokens=False) for part in parts)
        return [_places(encoding) for part in encodings for encoding in part]

    def _prompted(self, text: str) -> str:
        prompted = f"{self._before}{text}{self._after}"
        return prompted.lower() if self._lowercase and self._backend is None else prompted

    def _encode(self, texts: list[str]) -> list[tuple[NDArray[np.int32], int]]:
        """Return the ids of each text, cut at the limit, and its length before the cut."""
        if self._backend is None:
            return self._encode_in_python(texts)
        if self._max_tokens is None:
            self._backend.no_truncation()
        else:
            self._backend.enable_truncation(self._max_tokens, direction=self._side)
        encodings = self._backend.encode_batch_fast(texts)
        lengths = [
            sum(len(part) - self._specials for part in (encoding, *encoding.overflowing)) for encoding in encodings
        ]
        return [(np.array(e.ids, dtype=np.int32), n) for e, n in zip(encodings, lengths, strict=True)]

    def _encode_in_python(self, texts: list[str]) -> list[tuple[NDArray[np.int32], int]]:
        limit = self._max_tokens
        cut = self._tokenizer(texts, truncation=limit is not None, max_length=limit)["input_ids"]
        whole = self._tokenizer(texts, add_special_tokens=False)["input_ids"]
        return [(np.array(ids, dtype=np.int32), len(all_ids)) for ids, all_ids in zip(cut, whole, strict=True)]

    def _cut_inside_prompt(self, prompted: str, length: int) -> NDArray[np.int32]:
        """Shorten the text between the prompt's two ends until the whole fits."""
        if self._max_tokens is None:
            raise AssertionError("only a limit can cut")
        text = prompted[len(self._before) : len(prompted) - len(self._after)]
        ends = self._ends_of_tokens(text)
        keep = len(ends) - (length + self._specials - self._max_tokens)
        while keep > 0:
            ids = self._whole_ids(f"{self._before}{text[: ends[keep - 1]]}{self._after}")
            excess = len(ids) - self._max_tokens
            if excess <= 0:
                return ids
            keep -= excess  # tokens that merged across the seam: seldom more than one
        return self._encode([prompted])[0][0]  # the prompt alone is over the limit: nothing to rescue

    def _ends_of_tokens(self, text: str) -> list[int]:
        """Return where each token of ``text`` ends; every character may, for a tokenizer that does not say."""
        if self._backend is None:
            return list(range(1, len(text) + 1))
        self._backend.no_truncation()
        return [end for _, end in self._backend.encode(text, add_special_tokens=False).offsets]

    def _whole_ids(self, text: str) -> NDArray[np.int32]:
        ids = self._tokenizer(text)["input_ids"] if self._backend is None else self._backend.encode(text).ids
        return np.array(ids, dtype=np.int32)


def _let_lowercase(backend: Any) -> None:  # noqa: ANN401 - tokenizers' class
    """Let a tokenizer lower-case first, as sentence-transformers does, unless it does so already."""
    from tokenizers.normalizers import Lowercase, Sequence

    own: Any = backend.normalizer
    steps: list[Any] = [] if own is None else [own]
    if isinstance(own, Sequence):
        steps = [*own]  # type: ignore[misc]
    if not any(isinstance(step, Lowercase) for step in steps):
        backend.normalizer = Sequence([Lowercase(), *steps])


def _places(encoding: Any) -> TokenPlaces:  # noqa: ANN401
    words = encoding.word_ids
    begins = [number == 0 or word is None or word != words[number - 1] for number, word in enumerate(words)]
    starts = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
    return TokenPlaces(starts, np.array(begins, dtype=bool))
