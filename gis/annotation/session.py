"""What all kinds of annotation share: the folder with its answers, who is asked, within which budget, at what cost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gis.annotation.annotators import AskedAnnotator, OwnAnnotator, ServerAnnotator
from gis.annotation.answers import AnswerFile
from gis.annotation.asking import Failures, ask_all, ask_locally, spent_before
from gis.annotation.budget import EXPECTED, Budget, BudgetReachedError, Limits, Prices, Spent
from gis.annotation.ensemble import ENSEMBLE
from gis.annotation.local import LocalAnnotator
from gis.annotation.output import ANSWERS, settings_of
from gis.annotation.prompt import Texts
from gis.annotation.select import Selection
from gis.benchmark.tasks.sources import SourceSettings
from gis.console import Reporter
from gis.errors import GisError, UsageError, check_number
from gis.locks import held_alone
from gis.models.base import LoadSettings
from gis.replacing import replaceable
from gis.spec import Spec

RENAME = "give it another name: MODEL,name=NAME"
Annotator = ServerAnnotator | LocalAnnotator | OwnAnnotator
A = TypeVar("A", bound=Annotator)


@dataclass(frozen=True, kw_only=True)
class AnnotationSettings:
    """How texts are annotated.

    Attributes:
        models: The annotators; see ``load_annotator``.
        base_url: The server of those that name none; None where they are models of gis.
        prompt: The name of a prompt, or a file; None for the usual one.
        gold: Pairs with labels, to calibrate and to measure agreement; None without.
        max_chars: What annotators are shown of each text: head and tail of longer ones. None for the whole.
        prices: What a million tokens cost, by the names of annotators or of models.
        limits: What may be spent.
        in_flight: How many requests may be on their way at once.
        source: Where pairs are looked for.
        selection: Which of them are annotated.
        load: How models of gis are loaded.
        force: Replace an annotation with other settings.
    """

    models: Sequence[Spec]
    base_url: str | None = None
    prompt: str | None = None
    gold: Spec | None = None
    max_chars: int | None = None
    prices: Mapping[str, Prices] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    in_flight: int = 8
    source: SourceSettings = field(default_factory=SourceSettings)
    selection: Selection = field(default_factory=Selection)
    load: LoadSettings = field(default_factory=LoadSettings)
    force: bool = False

    def __post_init__(self) -> None:
        if not self.models:
            raise UsageError("no annotator was named")
        check_number("the number of requests at once", self.in_flight, 1, 256)
        if self.max_chars is not None:
            check_number("the length of texts for annotators", self.max_chars, 16)


class Opened(NamedTuple):
    """A folder that nobody else writes to, and the answers in it."""

    folder: Path
    answers: AnswerFile


def by_name(annotators: Iterable[A], limits: Limits) -> dict[str, A]:
    """Return annotators by name.

    Raises:
        UsageError: Two have one name or share their answers, or the cost is limited and one has no prices.
    """
    named: dict[str, A] = {}
    by_identity: dict[str, str] = {}
    for annotator in annotators:
        if annotator.name == ENSEMBLE:
            raise UsageError(f"'{ENSEMBLE}' is what reports call the mean of all annotators", remedy=RENAME)
        if annotator.name in named:
            raise UsageError(f"two annotators are called '{annotator.name}'", remedy=RENAME)
        if isinstance(annotator, AskedAnnotator):
            twin = by_identity.setdefault(annotator.identity, annotator.name)
            if twin != annotator.name:
                raise UsageError(
                    f"'{twin}' and '{annotator.name}' are the same model: one set of answers would agree with itself",
                    remedy="leave one of them out",
                )
        if isinstance(annotator, ServerAnnotator) and limits.cost is not None and not annotator.prices.known:
            raise UsageError(
                f"a limit for the cost needs the prices of {annotator.name}",
                remedy=f"add them to the file of --prices; {EXPECTED}",
            )
        named[annotator.name] = annotator
    return named


@contextmanager
def opened(output: Path, decides: str, *, force: bool, reporter: Reporter) -> Iterator[Opened]:
    """Keep the folder of an annotation for this process.

    Args:
        output: The folder; it need not exist.
        decides: The hash of everything that decides the annotation.
        force: Replace an annotation that something else decided.
        reporter: Is told of damaged answers.

    Raises:
        GisError: Another process writes to it, or it holds something else.
    """
    busy = GisError(f"another command is writing to {output}", remedy="wait for it, or choose a different --output")
    with held_alone(output, busy):
        folder = replaceable(output)
        decided = settings_of(folder)
        answers = AnswerFile(folder / ANSWERS, reporter=reporter)
        if decided is not None and decided.get("decides") != decides and not force:
            raise GisError(
                f"{folder} holds an annotation of other texts, by other models or with another prompt",
                remedy="choose a different --output, or replace it with --force; its answers are kept",
            )
        yield Opened(folder, answers)


def ask_each(
    annotators: Mapping[str, Annotator],
    questions: Sequence[Texts],
    answers: AnswerFile,
    settings: AnnotationSettings,
    reporter: Reporter,
) -> dict[str, Failures]:
    """Ask every annotator that is asked; return why questions have no answer, by annotator.

    Raises:
        BudgetReachedError: A limit was reached; what was answered is kept.
        GisError: An annotator failed.
    """
    budget = Budget(settings.limits)
    servers = [each for each in annotators.values() if isinstance(each, ServerAnnotator)]
    for server in servers:
        for usage in spent_before(server, answers):
            budget.spent.add(usage, server.prices)
    failures: dict[str, Failures] = {}
    for name, annotator in annotators.items():
        if isinstance(annotator, LocalAnnotator):
            failures[name] = ask_locally(annotator, questions, answers, reporter=reporter)
        if not isinstance(annotator, ServerAnnotator):
            continue
        try:
            failures[name] = ask_all(
                annotator, questions, answers, budget, in_flight=settings.in_flight, reporter=reporter
            )
        except BudgetReachedError as error:
            raise BudgetReachedError(
                f"{error}; {budget.spent.requests:,} answers are kept, and nothing else is written",
                remedy="the same command with a higher limit continues",
            ) from None
    return failures


def spent_by(annotators: Mapping[str, Annotator], answers: AnswerFile) -> dict[str, Spent]:
    """Return what each model of a server has cost so far."""
    totals: dict[str, Spent] = {}
    for name, annotator in annotators.items():
        if isinstance(annotator, ServerAnnotator):
            totals[name] = Spent()
            for usage in spent_before(annotator, answers):
                totals[name].add(usage, annotator.prices)
    return totals


def deciding(annotators: Mapping[str, Annotator]) -> list[dict[str, Any]]:
    """Return what decides the answers of annotators; not the protocol, which the server decides."""
    return [
        {key: value for key, value in annotator.settings.items() if key != "protocol"}
        for annotator in annotators.values()
    ]


def described(annotators: Mapping[str, Annotator], answers: AnswerFile) -> dict[str, Any]:
    """Return what a manifest says of annotators."""
    return {
        "annotators": {
            name: {**annotator.settings, "served_by": _served_by(annotator, answers)}
            for name, annotator in annotators.items()
        },
        "prices_per_million_tokens": {
            name: asdict(annotator.prices)
            for name, annotator in annotators.items()
            if isinstance(annotator, ServerAnnotator)
        },
    }


def _served_by(annotator: Annotator, answers: AnswerFile) -> list[str]:
    """Return the names of the models that a server says it ran: more than one were not one annotator."""
    identity = annotator.identity if isinstance(annotator, AskedAnnotator) else None
    return sorted({answer.served_by for answer in answers.by_key.values() if answer.annotator == identity} - {""})
