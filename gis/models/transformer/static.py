"""Static models of model2vec: a vector for each token, averaged; no transformer, and model2vec is not needed."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError
from gis.models.base import EncodedBatch
from gis.models.transformer.folder_files import read_json
from gis.models.transformer.model_folder import ModelFolder, split_prompt

TEXTS_PER_BATCH = 4096


class StaticEngine:
    """Averages the vectors of a text's tokens as model2vec does; tokens that are not known count nothing.

    Args:
        folder: A folder with config.json, model.safetensors and tokenizer.json.

    Raises:
        GisError: A file is missing or broken.
    """

    hardware = "cpu"

    def __init__(self, folder: ModelFolder) -> None:
        self._normalize = bool(read_json(folder.folder / "config.json").get("normalize", False))
        self._table = _token_table(folder.folder)
        self._tokenizer = _tokenizer(folder.folder)
        self._unknown = _unknown_token(self._tokenizer)
        self._limit = folder.max_tokens
        lengths = [len(token) for token in self._tokenizer.get_vocab()]
        self._usual_length = int(np.median(lengths))  # characters of a token
        self._before, self._after = split_prompt(folder.prompt)

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``; a text without any known token has the zero vector."""
        for start in range(0, len(texts), TEXTS_PER_BATCH):
            prompted = [f"{self._before}{text}{self._after}" for text in texts[start : start + TEXTS_PER_BATCH]]
            ids_of_texts = self._token_ids(prompted)
            lengths = [len(ids) for ids in ids_of_texts]
            shorter = {row: cut for row, text in enumerate(prompted) if len(cut := self._cut(text)) < len(text)}
            for row, ids in zip(shorter, self._token_ids([*shorter.values()]), strict=True):
                ids_of_texts[row] = ids
            kept = [ids[: self._limit] for ids in ids_of_texts]
            vectors = np.zeros((len(prompted), self._table.shape[1]), dtype=np.float32)
            for row, ids in enumerate(kept):
                known = [number for number in ids if number != self._unknown]
                if known:
                    vectors[row] = self._table[known].mean(axis=0)
            if self._normalize:
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-32
            yield EncodedBatch(
                rows=np.arange(start, start + len(prompted)),
                vectors=vectors,
                tokens=np.array(lengths, dtype=np.int64),
                kept=np.array([len(ids) for ids in kept], dtype=np.int64),
                share=(start + len(prompted)) / len(texts),
            )

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def _cut(self, text: str) -> str:
        """Cut a text by characters, as model2vec does before it cuts by tokens."""
        return text if self._limit is None else text[: self._limit * self._usual_length]


def _token_table(folder: Path) -> NDArray[np.float32]:
    """Read one vector for each token id, its weight multiplied in."""
    from safetensors.numpy import load_file

    path = folder / "model.safetensors"
    try:
        tensors = load_file(path)
        table = tensors["embeddings"]
        if "mapping" in tensors:
            table = table[tensors["mapping"].astype(np.int64)]
        table = table.astype(np.float32)
        return table * tensors["weights"][:, None].astype(np.float32) if "weights" in tensors else table
    except Exception as error:  # safetensors has errors of its own
        raise GisError(
            f"{path} does not hold the vectors of a static model ({type(error).__name__}: {error})"
        ) from error


def _tokenizer(folder: Path) -> Any:  # noqa: ANN401
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise GisError(f"the tokenizer {path} cannot be read ({error})") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _unknown_token(tokenizer: Any) -> int | None:  # noqa: ANN401
    """Return the id of the unknown token, which is left out of the average; None where there is none."""
    model: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    if "unk_id" in model:  # a unigram model
        unknown: int | None = model["unk_id"]
        return unknown
    token = model.get("unk_token")
    return None if token is None else tokenizer.token_to_id(token)
