"""What can compare an issue with its first candidates, text by text: a model of gis, or a judge that is asked."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.annotation.annotators import AskedAnnotator, OwnAnnotator
from gis.annotation.answers import AnswerFile
from gis.annotation.asking import grades_of
from gis.annotation.budget import BudgetReachedError, Limits
from gis.annotation.output import ANSWERS
from gis.annotation.prompt import read_prompt
from gis.annotation.registry import load_annotator
from gis.annotation.session import AnnotationSettings, Annotator, ask_each, by_name, deciding
from gis.annotation.source import PairsToGrade
from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.benchmark.tasks.pairs import Pairs
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError
from gis.finder.search import Array
from gis.hashes import sha256_of
from gis.locks import held_alone
from gis.models.base import EncodedBatch, Encoder, LoadSettings, PairScorer
from gis.models.learned import Learned, learned_by
from gis.models.registry import load_model
from gis.models.similarity import cosine
from gis.spec import Spec

JUDGE = "judge"
JUDGE_OPTIONS = ("model", "path", "base_url", "key_env", "prompt", "max_chars", "max_requests")
BLOCK = 256  # pairs whose scores are kept together
TextPair = tuple[str, str]


class Comparer(ABC):
    """What says how similar two texts are.

    Attributes:
        name: What tables call it.
        identity: Hash of everything that decides what it says.
        learned: What it has learned from.
    """

    name: str
    identity: str
    learned: Learned

    @abstractmethod
    def compare(self, pairs: Sequence[TextPair], reporter: Reporter = QUIET) -> Array:
        """Return the (n,) similarities of pairs of texts, higher for more similar."""


class ModelComparer(Comparer):
    """A model of gis: a pair scorer, or the cosine of an encoder; what it made is kept in the embedding cache."""

    def __init__(self, model: Encoder | PairScorer, cache: Path | None) -> None:
        self.name, self.identity, self.learned = model.card.name, model.card.identity, learned_by(model)
        self._model = model
        self._cache = cache if model.reproducible else None

    def compare(self, pairs: Sequence[TextPair], reporter: Reporter = QUIET) -> Array:
        """Return the similarities.

        Raises:
            GisError: The model fails, or gives something that is not a number.
        """
        with EmbeddingCache(self._cache, self.identity) as stored:
            if isinstance(self._model, Encoder):
                return _cosines(self._model, pairs, stored, reporter)
            return _scores(self._model, pairs, stored, reporter)


class Judge(Comparer):
    """An annotator: each pair is graded as ``gis annotate`` grades it, in both orders, and every answer is kept.

    Args:
        name: What tables call it.
        annotator: Who is asked.
        settings: How, and what may be spent.
        folder: Where answers are kept.
        prompt: Hash of what it is asked.
    """

    def __init__(
        self, name: str, annotator: Annotator, settings: AnnotationSettings, folder: Path, *, prompt: str
    ) -> None:
        self.name, self.learned = name, Learned(unknown=(name,))
        self.identity = sha256_of([deciding({name: annotator}), prompt, settings.max_chars])
        self._annotator, self._settings, self._folder = annotator, settings, folder

    def compare(self, pairs: Sequence[TextPair], reporter: Reporter = QUIET) -> Array:
        """Return the grades, 0 to 5; 0 for pairs that have none, whose number is said.

        Raises:
            BudgetReachedError: A limit was reached; what was answered is kept.
            GisError: The annotator failed.
        """
        distinct = list(dict.fromkeys(pairs))
        source = PairsToGrade(
            pairs=Pairs(
                text1=tuple(first for first, _ in distinct),
                text2=tuple(second for _, second in distinct),
                gold=np.zeros(len(distinct)),
                ids=tuple(map(str, range(len(distinct)))),
            ),
            extra={},
            source=JUDGE,
            split="test",
            max_chars=self._settings.max_chars,
        )
        grades = dict(zip(distinct, self._grades(source, reporter).tolist(), strict=True))
        values = np.array([grades[pair] for pair in pairs], np.float64)
        if missing := int(np.isnan(values).sum()):
            reporter.warn(f"{self.name}: {missing:,} of {len(values):,} pairs have no answer and count as unlike")
        return np.nan_to_num(values)

    def _grades(self, source: PairsToGrade, reporter: Reporter) -> Array:
        annotator = self._annotator
        if isinstance(annotator, OwnAnnotator):
            return annotator.grades(source).values
        busy = GisError(f"another command asks the judge of {self._folder}", remedy="wait for it")
        with held_alone(self._folder, busy):
            answers = AnswerFile(self._folder / ANSWERS, reporter=reporter)
            named = {annotator.name: annotator}
            try:
                failures = ask_each(named, source.questions(), answers, self._settings, reporter)
            except BudgetReachedError as error:
                remedy = "continue with a higher limit: gis index --rerank judge,…,max_requests=N"
                raise BudgetReachedError(str(error), remedy=remedy) from None
            assert isinstance(annotator, AskedAnnotator)
            return grades_of(annotator, source, answers, failures[annotator.name]).values


def load_comparer(spec: Spec, folder: Path, load: LoadSettings, cache: Path | None) -> Comparer:
    """Return what a name stands for.

    Args:
        spec: A model of gis; or ``judge,model=NAME,base_url=URL`` for a model of a server, ``judge,path=FILE`` for
            recorded answers of ``gis annotate``, with ``prompt=`` (issues), ``max_chars=`` and ``max_requests=``.
        folder: Where the answers of a judge are kept.
        load: How models of gis are loaded.
        cache: Folder of the embedding cache; None keeps nothing.

    Raises:
        UsageError: Nothing has this name, an option is wrong, or it needs all texts at once.
        GisError: It cannot be loaded.
    """
    if spec.name == JUDGE:
        return _load_judge(spec, folder, load)
    model = load_model(spec, load)
    if model.card.fitted_on is not None:
        raise UsageError(
            f"{spec} is fitted to {model.card.fitted_on}, so what it says of two issues changes with the others",
            remedy="choose a model that compares two texts by themselves, such as a cross-encoder",
        )
    return ModelComparer(model, cache)


def _load_judge(spec: Spec, folder: Path, load: LoadSettings) -> Judge:
    spec.check_options(JUDGE_OPTIONS)
    options = spec.options
    prompt = read_prompt(options.get("prompt", "issues"))
    if not {"model", "path"} & options.keys():
        raise UsageError(
            f"{JUDGE} needs a model", remedy=f"write {JUDGE},model=NAME,base_url=URL, or {JUDGE},path=FILE"
        )
    if "model" in options and "max_requests" not in options and "path" not in options:
        raise UsageError(
            f"{JUDGE} asks about ten candidates of every issue, each twice: it needs a limit",
            remedy=f"write {spec},max_requests=N",
        )
    kind, names = ("replay", ("path", "model")) if "path" in options else ("openai", ("model", "base_url", "key_env"))
    asked = Spec(kind, {name: options[name] for name in names if name in options})
    annotator = load_annotator(asked, prompt, base_url=None, prices={}, load=load)
    settings = AnnotationSettings(
        models=[asked],
        max_chars=_number(options, "max_chars"),
        limits=Limits(requests=_number(options, "max_requests")),
    )
    (named,) = by_name([annotator], settings.limits).values()
    return Judge(str(spec), named, settings, folder, prompt=prompt.sha256)


def _number(options: Mapping[str, str], name: str) -> int | None:
    value = options.get(name)
    if value is not None and not value.isdecimal():
        raise UsageError(f"{JUDGE}: {name}={value} is not a number")
    return None if value is None else int(value)


def _cosines(model: Encoder, pairs: Sequence[TextPair], stored: EmbeddingCache, reporter: Reporter) -> Array:
    rows: dict[str, int] = {}
    first, second = np.array([[rows.setdefault(text, len(rows)) for text in pair] for pair in pairs], np.intp).T
    vectors = embed(model, list(rows), stored, model.card.name, reporter).vectors
    return np.asarray(cosine(vectors[first], vectors[second]), dtype=np.float64)


def _scores(model: PairScorer, pairs: Sequence[TextPair], stored: EmbeddingCache, reporter: Reporter) -> Array:
    """Score pairs; each score is kept as the vector, of one number, of its two texts."""
    keys = {f"{len(first)} {first}{second}": (first, second) for first, second in pairs}
    texts = list(keys)
    scores = np.full(len(texts), np.nan, np.float32)
    for row, kept in stored.find(texts):
        scores[row] = kept.vector[0]
    missing = np.flatnonzero(np.isnan(scores))
    # of similar length together, as a batch is as long as its longest
    missing = missing[np.argsort([-len(texts[row]) for row in missing], kind="stable")]
    with reporter.track(model.card.name, max(len(missing), 1), "pairs") as tracker:
        for block in _blocks(missing):
            values = model.score([keys[texts[row]] for row in block]).astype(np.float32)
            if not np.isfinite(values).all():
                raise GisError(f"{model.card.name} gave NaN or infinity for two texts", remedy="check the model")
            scores[block] = values
            nothing = np.zeros(len(block), np.int64)
            batch = EncodedBatch(
                rows=np.arange(len(block)), vectors=values[:, None], tokens=nothing, kept=nothing, share=1.0
            )
            stored.add([texts[row] for row in block], batch, np.zeros(len(block)), model.hardware)
            tracker.advance(len(block), (tracker.done + len(block)) / len(missing))
    by_pair = dict(zip(keys.values(), scores.tolist(), strict=True))
    return np.array([by_pair[pair] for pair in pairs], np.float64)


def _blocks(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start : start + BLOCK]
