"""The annotators that a name can stand for: a model of a server, recorded answers, or any model of gis."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gis.annotation.answers import Answer, AnswerFile, Value
from gis.annotation.budget import Prices
from gis.annotation.generation import AnyPrompt
from gis.annotation.prompt import LEVELS, TOP_LEVEL, Prompt, Texts
from gis.annotation.protocols import (
    PROTOCOLS,
    Grade,
    InvalidAnswerError,
    Protocol,
    RefusedError,
    Usage,
    estimated_usage,
    usage_of,
)
from gis.annotation.select import similarities
from gis.annotation.source import PairsToGrade
from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.masking import masked
from gis.models.base import Model
from gis.models.openai_server import OpenAIServer
from gis.text import whole_characters

SERVER, REPLAY, SIMILARITY = "openai", "replay", "similarity"
TOO_LONG = "texts too long for the model? cut them with --max-chars"


@dataclass(frozen=True)
class Grades:
    """What an annotator says of n pairs.

    Attributes:
        levels: (n, 2) levels 0 to 5, of each pair in its order and swapped; NaN where there is none.
        probabilities: (n, 2, 6) probabilities of the levels, NaN where the protocol gives none.
        failures: Why pairs have no level, by row.
    """

    levels: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    failures: Mapping[int, str]

    @property
    def values(self) -> NDArray[np.float64]:
        """The (n,) mean of both orders."""
        return np.asarray(self.levels.mean(axis=1), dtype=np.float64)


def no_grades(pairs: int) -> Grades:
    """Return grades of ``pairs`` pairs, to be filled in."""
    return Grades(np.full((pairs, 2), np.nan), np.full((pairs, 2, LEVELS), np.nan), {})


class Annotator(ABC):
    """Who grades pairs.

    Attributes:
        name: What reports call it.
        settings: Everything that decides its grades, for the manifest.
    """

    name: str
    settings: Mapping[str, Any]


class OwnAnnotator(Annotator):
    """An annotator that grades all pairs at once, without a server."""

    @abstractmethod
    def grades(self, source: PairsToGrade) -> Grades:
        """Grade pairs."""


class SimilarityAnnotator(OwnAnnotator):
    """A model of gis. Its similarities become levels by their rank: what they mean in numbers, no model says.

    Equal similarities have equal levels, and higher ones have higher levels, spread evenly over 0 to 5.
    """

    def __init__(self, model: Model, name: str) -> None:
        self.name = name
        self._model = model
        self.settings = {"kind": SIMILARITY, "model": model.card.name, "identity": model.card.identity}

    def grades(self, source: PairsToGrade) -> Grades:
        """Grade pairs; a model that compares reads both orders.

        Raises:
            GisError: The model failed, or gave a similarity that is not a number.
        """
        levels = rankdata(similarities(self._model, source), axis=None).reshape(len(source), 2)
        return Grades((levels - 0.5) / (2 * len(source)) * TOP_LEVEL, no_grades(len(source)).probabilities, {})


class ReplayAnnotator(OwnAnnotator):
    """Answers that were recorded: a file ``answers.jsonl`` of another annotation."""

    def __init__(self, path: Path, prompt: Prompt, *, model: str | None, name: str) -> None:
        """Read the answers of one model.

        Raises:
            UsageError: There is no file, or it has answers of several models and ``model`` is None.
            GisError: It holds no answers to this prompt.
        """
        if not path.is_file():
            raise UsageError(
                f"no recorded answers at {path}", remedy=f"write {REPLAY},path=FOLDER/answers/answers.jsonl"
            )
        answers = [answer for answer in AnswerFile(path) if isinstance(answer.value, Grade)]
        models = sorted({answer.model for answer in answers})
        if model is not None and model not in models:
            raise UsageError(f"{path} has no answers of {model}; it has those of {', '.join(models) or 'no model'}")
        if model is None and len(models) > 1:
            raise UsageError(f"{path} has answers of {', '.join(models)}", remedy=f"write {REPLAY},path=…,model=NAME")
        of_model = [answer for answer in answers if model is None or answer.model == model]
        self._by_pair = {answer.pair: answer for answer in of_model if answer.prompt == prompt.sha256}
        if not self._by_pair:
            other = " to this prompt, only to others" if answers else ""
            raise GisError(f"{path} holds no answers{other}")
        self.name = name
        recorded = sorted((answer.pair, answer.value) for answer in self._by_pair.values())
        self.settings = {"kind": REPLAY, "model": model or models[0], "answers": sha256_of(recorded)}

    def grades(self, source: PairsToGrade) -> Grades:
        """Look up the recorded grades; pairs without one have failed."""
        grades, failures = no_grades(len(source)), {}
        for row in range(len(source)):
            for order, swapped in enumerate((False, True)):
                answer = self._by_pair.get(sha256_of(source.shown(row, swapped=swapped)))
                if answer is None:
                    failures[row] = "no answer was recorded"
                else:
                    put(grades, row, order, answer)
        return Grades(grades.levels, grades.probabilities, failures)


def put(grades: Grades, row: int, order: int, answer: Answer) -> None:
    """Write the grade of an answer into ``grades``."""
    assert isinstance(answer.value, Grade)
    grades.levels[row, order] = answer.value.value
    if answer.value.probabilities is not None:
        grades.probabilities[row, order] = answer.value.probabilities


class AskedAnnotator(Annotator):
    """An annotator that is asked about one pair after the other, and whose answers are kept.

    Attributes:
        protocol: How it is asked; None before that was found out.
    """

    protocol: Protocol | None

    def __init__(self, kind: str, model: str, place: str, prompt: AnyPrompt, *, name: str) -> None:
        """Say who is asked.

        Args:
            kind: The kind of annotator.
            model: The model's name.
            place: Where it is: the address of a server, or the hash of a folder.
            prompt: What it is asked.
            name: What reports call it.
        """
        self.name, self._model, self._prompt = name, model, prompt
        self.identity = sha256_of([kind, model, place, prompt.sha256])
        self._frames: dict[tuple[str, int], str] = {}

    def key(self, texts: Texts, protocol: Protocol) -> str:
        """Hash of everything that decides an answer: model, server, prompt, protocol with its parameters, texts."""
        return sha256_of([self._frame(protocol, len(texts)), *texts])

    def _frame(self, protocol: Protocol, texts: int) -> str:
        """Hash of what all questions share: everything but the texts; made once, for there are many questions."""
        name = (protocol.name, texts)
        if name not in self._frames:
            empty = protocol.body(self._model, self._prompt, ("",) * texts)
            self._frames[name] = sha256_of([self.identity, protocol.path, protocol.name, empty])
        return self._frames[name]

    def _answer(
        self,
        texts: Texts,
        protocol: Protocol,
        value: Value | None,
        usage: Usage,
        *,
        failure: str = "",
        refused: bool = False,
        served_by: str = "",
    ) -> Answer:
        return Answer(
            key=self.key(texts, protocol),
            annotator=self.identity,
            pair=sha256_of(list(texts)),
            model=self._model,
            prompt=self._prompt.sha256,
            protocol=protocol.name,
            value=value,
            failure=whole_characters(failure),
            refused=refused,
            usage=usage,
            served_by=whole_characters(served_by),
        )


class ServerAnnotator(AskedAnnotator):
    """A model behind an OpenAI-compatible server.

    Attributes:
        ladder: The protocols that it can be asked by, best first.
        prices: What its tokens cost.
    """

    def __init__(
        self,
        server: OpenAIServer,
        model: str,
        prompt: AnyPrompt,
        prices: Prices,
        *,
        name: str,
        ladder: Sequence[Protocol] = PROTOCOLS,
    ) -> None:
        super().__init__(SERVER, model, server.shown_url, prompt, name=name)
        self.protocol = None
        self.ladder, self.prices, self._server = ladder, prices, server

    @property
    def settings(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What decides its grades, as far as a client can see."""
        protocol = None if self.protocol is None else self.protocol.name
        return {"kind": SERVER, "model": self._model, "base_url": self._server.shown_url, "protocol": protocol}

    @cached_property
    def client(self) -> Any:  # noqa: ANN401
        """The client, which threads share."""
        return self._server.client("annotators behind a server")

    def server_answers(self) -> bool:
        """Return whether the server answers anything at all."""
        return self._server.answers(self.client)

    def estimate(self, texts: Texts) -> Usage:
        """Return what a question costs, by estimate."""
        protocol = self.protocol or next(each for each in self.ladder if each.name == "chat")
        return estimated_usage(protocol.body(self._model, self._prompt, texts), self._prompt.answer_tokens(texts))

    def ask(self, texts: Texts, protocol: Protocol) -> Answer:
        """Ask a question once; an answer that is not what was asked for is one with a failure.

        Raises:
            ServerError: There was no answer.
        """
        body = protocol.body(self._model, self._prompt, texts)
        with self._server.named_failures(self._model, TOO_LONG):
            answer = self.client.post(protocol.path, body=body, cast_to=object)
        value, failure, refused = None, "", False
        try:
            value = protocol.read(answer)
        except (InvalidAnswerError, RefusedError) as error:
            failure, refused = str(error), isinstance(error, RefusedError)
        return self._answer(
            texts,
            protocol,
            value,
            usage_of(answer, body, self._prompt.answer_tokens(texts)),
            failure=failure,
            refused=refused,
            served_by=masked(str(answer.get("model", "")))[:200] if isinstance(answer, dict) else "",
        )
