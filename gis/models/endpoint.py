"""An OpenAI-compatible embeddings endpoint: a service, or a server of one's own."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.models.base import EncodedBatch, Encoder, LoadSettings, ModelCard
from gis.models.openai_server import DEFAULT_KEY_VARIABLE, DEFAULT_URL, OpenAIServer
from gis.models.transformer.model_folder import as_prompt
from gis.spec import Spec

OPTIONS = ("model", "base_url", "key_env", "dimensions", "prompt", "max_chars", "batch")
REQUEST_CHARACTERS = 200_000  # one request stays far below the services' limit on tokens


class Endpoint(Encoder):
    """Embeddings over HTTP. The identity is what was requested: no client can see what a server really runs.

    Services refuse empty texts; these are not sent and get the zero vector.
    """

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        spec.check_options(OPTIONS)
        options = spec.options
        if "model" not in options:
            raise UsageError(f"{spec.name} needs a model", remedy=f"name it: {spec.name},model=text-embedding-3-small")
        self._model = options["model"]
        self._server = OpenAIServer(options.get("base_url", DEFAULT_URL), options.get("key_env", DEFAULT_KEY_VARIABLE))
        self._dimensions = _count("dimensions", options.get("dimensions"))
        self._max_chars = _count("max_chars", options.get("max_chars"))
        self._batch = _count("batch", options.get("batch")) or 256
        self._before, self._after = as_prompt(options.get("prompt", "")).split("{text}")
        self.hardware = f"endpoint: {self._server.shown_url}"
        decisions = {
            "model": self._model,
            "base_url": self._server.shown_url,
            "dimensions": self._dimensions,
            "prompt": f"{self._before}{{text}}{self._after}",
            "max_chars": self._max_chars,
        }
        self.card = ModelCard(
            name=f"{spec.name},model={self._model}",
            identity=sha256_of({"adapter": "openai", **decisions}),
            settings={**decisions, "identity_is": "declared, not verified"},
            max_tokens=self._max_chars,
            length_unit="characters",
        )

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, a request for each batch of them.

        Raises:
            GisError: No key, or the endpoint refused or failed for good; says what it answered.
        """
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        kept = lengths if self._max_chars is None else np.minimum(lengths, self._max_chars)
        client = self._client()
        width, empty, done = 0, [row for row, text in enumerate(texts) if not text.strip()], 0
        for rows in self._requests(texts, kept):
            inputs = [f"{self._before}{texts[row][: kept[row]]}{self._after}" for row in rows]
            vectors = self._ask(client, inputs)
            width, done = vectors.shape[1], done + len(rows)
            positions = np.array(rows, dtype=np.intp)
            yield EncodedBatch(
                rows=positions,
                vectors=vectors,
                tokens=lengths[positions],
                kept=kept[positions],
                share=done / len(texts),
            )
        if empty:
            width = width or self._dimensions or self._ask(client, ["a"]).shape[1]
            positions = np.array(empty, dtype=np.intp)
            zeros = np.zeros((len(empty), width), dtype=np.float32)
            yield EncodedBatch(
                rows=positions, vectors=zeros, tokens=lengths[positions], kept=kept[positions], share=1.0
            )

    def _requests(self, texts: Sequence[str], kept: Any) -> Iterator[list[int]]:  # noqa: ANN401
        rows: list[int] = []
        characters = 0
        for row, text in enumerate(texts):
            if not text.strip():
                continue
            if rows and (len(rows) == self._batch or characters + kept[row] > REQUEST_CHARACTERS):
                yield rows
                rows, characters = [], 0
            rows.append(row)
            characters += int(kept[row])
        if rows:
            yield rows

    def _client(self) -> Any:  # noqa: ANN401 - an optional package's type
        return self._server.client("embedding endpoints")

    def _ask(self, client: Any, inputs: list[str]) -> NDArray[np.float32]:  # noqa: ANN401
        extra = {} if self._dimensions is None else {"dimensions": self._dimensions}
        with self._server.named_failures(self._model, "texts too long? set max_chars=N"):
            answer = client.embeddings.create(model=self._model, input=inputs, encoding_format="float", **extra)
        try:
            ordered = {item.index: item.embedding for item in answer.data}
            vectors = np.array([ordered[row] for row in range(len(inputs))], dtype=np.float32)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            vectors = np.zeros(0, dtype=np.float32)
        if vectors.ndim != 2 or not vectors.size or len(answer.data) != len(inputs):
            raise GisError(
                f"{self._server.shown_url} did not answer with one vector for each of {len(inputs)} texts; "
                "is it an embeddings URL?"
            )
        return vectors


def _count(key: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise UsageError(f"{key} must be a whole number above 0, not '{value}'")
    return int(value)
