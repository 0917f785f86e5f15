"""Annotate pairs: from the pairs and the annotators to a folder that models train on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.annotation.annotators import AskedAnnotator, Grades, OwnAnnotator, ServerAnnotator
from gis.annotation.answers import AnswerFile
from gis.annotation.asking import Estimate, ask_all, ask_locally, estimate, grades_of, spent_before
from gis.annotation.budget import EXPECTED, Budget, BudgetReachedError, Limits, Prices, Spent
from gis.annotation.ensemble import combine
from gis.annotation.local import LocalAnnotator
from gis.annotation.output import ANSWERS, is_annotation, settings_of, write_annotation
from gis.annotation.prompt import TOP_LEVEL, Prompt, read_prompt
from gis.annotation.registry import load_annotator
from gis.annotation.report import Report, make_report
from gis.annotation.review import REVIEW, Reviews
from gis.annotation.select import Selection, select
from gis.annotation.source import PairsToGrade, load_gold, load_pairs
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import SourceSettings
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError, check_number
from gis.files import held_alone, replaceable, sha256_of
from gis.models.base import LoadSettings
from gis.spec import Spec

Annotator = ServerAnnotator | LocalAnnotator | OwnAnnotator


@dataclass(frozen=True, kw_only=True)
class AnnotationSettings:
    """How pairs are annotated.

    Attributes:
        models: The annotators; see ``load_annotator``.
        base_url: The server of those that name none; None where they are models of gis.
        prompt: The name of a prompt, or a file.
        gold: Pairs with labels, to calibrate and to measure agreement; None without.
        max_chars: What annotators are shown of each text: head and tail of longer ones. None for the whole.
        prices: What a million tokens cost, by model.
        limits: What may be spent.
        in_flight: How many requests may be on their way at once.
        source: Where pairs are looked for.
        selection: Which of them are annotated.
        load: How models of gis are loaded.
        force: Replace an annotation with other settings.
    """

    models: Sequence[Spec]
    base_url: str | None = None
    prompt: str = "sts"
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


class _Work(NamedTuple):
    """What an annotation is made of."""

    prompt: Prompt
    source: PairsToGrade
    gold: NDArray[np.float64] | None
    annotators: Mapping[str, Annotator]


def estimate_costs(pairs: Spec, output: Path, settings: AnnotationSettings) -> Mapping[str, Estimate]:
    """Return what each annotator behind a server is still to be asked; nothing is sent.

    Raises:
        UsageError: A name or an option is wrong.
        GisError: The pairs or the gold labels cannot be used.
    """
    work = _prepare(pairs, settings, QUIET)
    answers = AnswerFile(output / ANSWERS)
    return {
        name: estimate(annotator, work.source.questions(), answers)
        for name, annotator in work.annotators.items()
        if isinstance(annotator, ServerAnnotator)
    }


def annotate(pairs: Spec, output: Path, settings: AnnotationSettings, *, reporter: Reporter = QUIET) -> Report:
    """Grade pairs, and write them with their scores to a folder.

    Args:
        pairs: The pairs; see ``load_pairs``.
        output: The folder. It keeps every answer, so that the same call continues a run that was stopped.
        settings: Who is asked, and how.
        reporter: Where progress goes.

    Raises:
        UsageError: A name or an option is wrong.
        BudgetReachedError: A limit was reached; what was answered is kept.
        GisError: The pairs or the gold labels cannot be used, an annotator failed, or ``output`` holds something else.
    """
    work = _prepare(pairs, settings, reporter)
    busy = GisError(f"another command is writing to {output}", remedy="wait for it, or choose a different --output")
    with held_alone(output, busy):
        output = replaceable(output)
        decided = settings_of(output)
        answers = AnswerFile(output / ANSWERS, reporter=reporter)
        if decided is not None and decided.get("decides") != _decides(work) and not settings.force:
            raise GisError(
                f"{output} holds an annotation of other pairs, by other models or with another prompt",
                remedy="choose a different --output, or replace it with --force; its answers are kept",
            )
        grades = _grades(work, answers, settings, reporter)
        graded = np.stack([np.isfinite(each.values) for each in grades]).all(axis=0)
        rows = np.flatnonzero(graded)
        if len(rows) == 0:
            reasons = dict.fromkeys(reason for each in grades for reason in each.failures.values())
            raise GisError(f"no pair has a grade: {'; '.join(list(reasons)[:3])}")
        if len(rows) < len(work.source):
            reporter.warn(f"{len(work.source) - len(rows):,} of {len(work.source):,} pairs have no grade; left out")
        known = None if work.gold is None else work.gold[rows]
        combined = combine(np.stack([each.values[rows] for each in grades]), known)
        report = make_report(
            [*work.annotators], grades, combined, rows, work.source, work.gold, _spent(work.annotators, answers)
        )
        write_annotation(output, work.source, rows, grades, combined, report, _record(work, answers))
    return report


def _prepare(pairs: Spec, settings: AnnotationSettings, reporter: Reporter) -> _Work:
    prompt = read_prompt(settings.prompt)
    annotators: dict[str, Annotator] = {}
    for given in settings.models:
        annotator = load_annotator(
            given, prompt, base_url=settings.base_url, prices=settings.prices, load=settings.load
        )
        if annotator.name in annotators:
            raise UsageError(
                f"two annotators are called '{annotator.name}'", remedy="name one of them: MODEL,name=NAME"
            )
        if isinstance(annotator, ServerAnnotator) and settings.limits.cost is not None and not annotator.prices.known:
            raise UsageError(
                f"a limit for the cost needs the prices of {annotator.name}",
                remedy=f"add them to the file of --prices; {EXPECTED}",
            )
        annotators[annotator.name] = annotator
    source = load_pairs(pairs, settings.source, max_chars=settings.max_chars, reporter=reporter)
    source = select(source, settings.selection)
    gold = None if settings.gold is None else _gold(settings.gold, source.pairs, settings.source)
    return _Work(prompt, source, gold, annotators)


def _gold(spec: Spec, pairs: Pairs, settings: SourceSettings) -> NDArray[np.float64]:
    """Return the (n,) gold labels, NaN where there is none: those of a dataset, or a person's answers."""
    path = Path(spec.name)
    if path.name != REVIEW.name:
        if path.is_dir() and is_annotation(path):
            raise UsageError(
                f"the labels of {path} were given by models; gold labels are people's",
                remedy=f"review it, and write --gold {path / REVIEW}",
            )
        return load_gold(spec, pairs, settings)
    if not path.is_file():
        raise UsageError(f"no reviews at {path}", remedy="gis review FOLDER makes them")
    gold = np.full(len(pairs), np.nan)
    for row, answer in Reviews(path, pairs).verdicts().items():
        if answer != "unsure":
            gold[row] = TOP_LEVEL if answer == "yes" else 0.0
    if np.isnan(gold).all():
        raise GisError(f"no answer in {path} is about a pair to annotate")
    return gold


def _grades(work: _Work, answers: AnswerFile, settings: AnnotationSettings, reporter: Reporter) -> list[Grades]:
    budget = Budget(settings.limits)
    for server in (each for each in work.annotators.values() if isinstance(each, ServerAnnotator)):
        for usage in spent_before(server, answers):
            budget.spent.add(usage, server.prices)
    grades, questions = [], work.source.questions()
    for annotator in work.annotators.values():
        if isinstance(annotator, ServerAnnotator):
            try:
                failures = ask_all(
                    annotator, questions, answers, budget, in_flight=settings.in_flight, reporter=reporter
                )
                grades.append(grades_of(annotator, work.source, answers, failures))
            except BudgetReachedError as error:
                raise BudgetReachedError(
                    f"{error}; {budget.spent.requests:,} answers are kept, no dataset is written",
                    remedy="the same command with a higher limit continues",
                ) from None
        elif isinstance(annotator, LocalAnnotator):
            failures = ask_locally(annotator, questions, answers, reporter=reporter)
            grades.append(grades_of(annotator, work.source, answers, failures))
        else:
            grades.append(annotator.grades(work.source))
    return grades


def _spent(annotators: Mapping[str, Annotator], answers: AnswerFile) -> dict[str, Spent]:
    totals: dict[str, Spent] = {}
    for name, annotator in annotators.items():
        if isinstance(annotator, ServerAnnotator):
            totals[name] = Spent()
            for usage in spent_before(annotator, answers):
                totals[name].add(usage, annotator.prices)
    return totals


def _decides(work: _Work) -> str:
    """Hash prompt, pairs as shown, annotators and gold labels; not the protocol, which the server decides."""
    annotators = [
        {key: value for key, value in annotator.settings.items() if key != "protocol"}
        for annotator in work.annotators.values()
    ]
    gold = None if work.gold is None else [None if np.isnan(label) else float(label) for label in work.gold]
    return sha256_of([work.prompt.sha256, work.source.sha256, work.source.max_chars, annotators, gold])


def _record(work: _Work, answers: AnswerFile) -> dict[str, Any]:
    """Return what the manifest says of an annotation."""
    prices = {
        name: asdict(annotator.prices)
        for name, annotator in work.annotators.items()
        if isinstance(annotator, ServerAnnotator)
    }
    return {
        "decides": _decides(work),
        "prompt": {"name": work.prompt.name, "sha256": work.prompt.sha256},
        "pairs": {
            "source": work.source.source,
            "sha256": work.source.sha256,
            "max_chars": work.source.max_chars,
            "selection": dict(work.source.selection),
        },
        "annotators": {
            name: {**annotator.settings, "served_by": _served_by(annotator, answers)}
            for name, annotator in work.annotators.items()
        },
        "gold_labels": 0 if work.gold is None else int((~np.isnan(work.gold)).sum()),
        "prices_per_million_tokens": prices,
    }


def _served_by(annotator: Annotator, answers: AnswerFile) -> list[str]:
    """Return the names of the models that a server says it ran: more than one were not one annotator."""
    identity = annotator.identity if isinstance(annotator, AskedAnnotator) else None
    return sorted({answer.served_by for answer in answers.by_key.values() if answer.annotator == identity} - {""})
