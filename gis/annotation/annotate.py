"""Annotate pairs: from the pairs and the annotators to a folder that models train on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.annotation.annotators import AskedAnnotator, Grades, OwnAnnotator, ServerAnnotator, SimilarityAnnotator
from gis.annotation.answers import AnswerFile
from gis.annotation.asking import Estimate, estimate, grades_of
from gis.annotation.card import make_card
from gis.annotation.ensemble import Combined, check_gold, combine
from gis.annotation.output import ANSWERS, is_annotation, pair_rows, write_annotation
from gis.annotation.prompt import TOP_LEVEL, Prompt, read_prompt
from gis.annotation.registry import load_annotator
from gis.annotation.repair import DECISION, MENDED, Repair, load_repair
from gis.annotation.report import Report, make_report
from gis.annotation.review import REVIEW, Reviews
from gis.annotation.select import select
from gis.annotation.session import (
    AnnotationSettings,
    Annotator,
    ask_each,
    by_name,
    deciding,
    described,
    opened,
    spent_by,
)
from gis.annotation.source import PairsToGrade, load_comments, load_gold, load_pairs
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import SourceSettings
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.spec import Spec

Kind = Literal["grade", "rule", "repair"]
SAME_SCORE = 1e-9  # scores that differ by less are equal
USUAL_PROMPT: Mapping[Kind, str] = {"grade": "sts", "rule": "rulings", "repair": "sts"}


class _Work(NamedTuple):
    """What an annotation is made of."""

    prompt: Prompt
    source: PairsToGrade
    gold: NDArray[np.float64] | None
    annotators: Mapping[str, Annotator]
    repair: Repair | None = None


def estimate_costs(
    pairs: Spec, output: Path, settings: AnnotationSettings, *, kind: Kind = "grade"
) -> Mapping[str, Estimate]:
    """Return what each annotator behind a server is still to be asked; nothing is sent.

    Raises:
        UsageError: A name or an option is wrong.
        GisError: The pairs or the gold labels cannot be used.
    """
    work = _prepare(pairs, settings, kind, QUIET)
    answers = AnswerFile(output / ANSWERS)
    return {
        name: estimate(annotator, work.source.questions(), answers)
        for name, annotator in work.annotators.items()
        if isinstance(annotator, ServerAnnotator)
    }


def annotate(
    pairs: Spec, output: Path, settings: AnnotationSettings, *, kind: Kind = "grade", reporter: Reporter = QUIET
) -> Report:
    """Grade pairs, and write them with their scores to a folder.

    Args:
        pairs: The pairs, see ``load_pairs``; to find rulings, a store, see ``load_comments``.
        output: The folder. It keeps every answer, so that the same call continues a run that was stopped.
        settings: Who is asked, and how.
        kind: "grade"; "rule": how far comments rule that two issues are duplicates; or "repair": which labels a model
            of gis, the one that the selection names, and the annotators contradict.
        reporter: Where progress goes.

    Raises:
        UsageError: A name or an option is wrong.
        BudgetReachedError: A limit was reached; what was answered is kept.
        GisError: The pairs or the gold labels cannot be used, an annotator failed, or ``output`` holds something else.
    """
    work = _prepare(pairs, settings, kind, reporter)
    with opened(output, _decides(work), force=settings.force, reporter=reporter) as (folder, answers):
        grades = _grades(work, answers, settings, reporter)
        rows = _graded(work, grades, reporter)
        combined = _combined(work, grades, rows, reporter)
        spent = spent_by(work.annotators, answers)
        report = make_report([*work.annotators], grades, combined, rows, work.source, work.gold, spent)
        listed, more = list(pair_rows(work.source, rows, grades, combined)), {}
        if work.repair is not None:
            places = work.repair.disputed(rows, combined.values)
            decisions = work.repair.decisions(folder, rows[places])
            mended, repaired = work.repair.mended(decisions, rows[places], combined.values[places])
            listed = [{**listed[row], DECISION: decisions.get(place)} for place, row in enumerate(places)]
            more = {f"{MENDED}/{work.repair.whole.split}.jsonl": mended} if mended else {}
            report = replace(report, repaired=repaired)
        record = {"task": kind, **_record(work, answers)}
        split = work.source.split
        card = make_card(split, f"{split}.jsonl", report, record)
        write_annotation(folder, split, listed, report.to_json(), card, record, more=more)
    return report


def _prepare(pairs: Spec, settings: AnnotationSettings, kind: Kind, reporter: Reporter) -> _Work:
    prompt = read_prompt(settings.prompt or USUAL_PROMPT[kind])
    loaded = (
        load_annotator(given, prompt, base_url=settings.base_url, prices=settings.prices, load=settings.load)
        for given in settings.models
    )
    annotators = by_name(loaded, settings.limits)
    where, chosen, most, repair = settings.source, settings.selection, settings.max_chars, None
    if kind == "repair":
        repair = load_repair(pairs, where, chosen, max_chars=most, reporter=reporter)
        source = repair.suspects
    elif kind == "rule":
        _check_readers(annotators.values())
        source = select(load_comments(pairs, max_chars=most, reporter=reporter), chosen)
    else:
        source = select(load_pairs(pairs, where, max_chars=most, reporter=reporter), chosen)
    gold = None if settings.gold is None else _gold(settings.gold, source.pairs, where)
    if gold is not None:
        check_gold(gold)  # before anything is paid for
    return _Work(prompt, source, gold, annotators, repair)


def _check_readers(annotators: Iterable[Annotator]) -> None:
    """Refuse annotators that cannot read what a comment says."""
    for annotator in annotators:
        if isinstance(annotator, SimilarityAnnotator):
            raise UsageError(
                f"{annotator.name} cannot judge what a comment says: it only compares texts",
                remedy="name a model of a server: --base-url URL",
            )


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
    own = {
        name: _own_grades(annotator, work)
        for name, annotator in work.annotators.items()
        if isinstance(annotator, OwnAnnotator)
    }
    failures = ask_each(work.annotators, work.source.questions(), answers, settings, reporter)
    return [
        grades_of(annotator, work.source, answers, failures[name])
        if isinstance(annotator, AskedAnnotator)
        else own[name]
        for name, annotator in work.annotators.items()
    ]


def _graded(work: _Work, grades: Sequence[Grades], reporter: Reporter) -> NDArray[np.intp]:
    """Return the pairs that every annotator has graded; say how many are left out."""
    source = work.source
    rows = np.flatnonzero(np.stack([np.isfinite(each.values) for each in grades]).all(axis=0))
    if len(rows) == 0:
        failures = [(name, each.failures) for name, each in zip(work.annotators, grades, strict=True)]
        reasons = dict.fromkeys(f"{name}: {reason}" for name, of in failures for reason in of.values())
        raise GisError(f"no pair has a grade: {'; '.join(list(reasons)[:3])}")
    if len(rows) < len(source):
        reporter.warn(f"{len(source) - len(rows):,} of {len(source):,} pairs have no grade; left out")
    return rows


def _combined(work: _Work, grades: Sequence[Grades], rows: NDArray[np.intp], reporter: Reporter) -> Combined:
    """Return the grades of the ensemble; warn where the gold labels have made them all equal."""
    combined = combine(np.stack([each.values[rows] for each in grades]), None if work.gold is None else work.gold[rows])
    if combined.calibrated and len(rows) > 1 and np.ptp(combined.values) < SAME_SCORE:
        reporter.warn(
            f"all pairs have the score {combined.values[0]:.3f} after calibration: the gold labels do not rise with "
            "the grades of any annotator"
        )
    return combined


def _own_grades(annotator: OwnAnnotator, work: _Work) -> Grades:
    """Return the grades of an annotator without a server; ranks are those among all pairs, not among suspects only."""
    if work.repair is None or not isinstance(annotator, SimilarityAnnotator):
        return annotator.grades(work.source)
    grades = annotator.grades(work.repair.whole)
    return Grades(grades.levels[work.repair.rows], grades.probabilities[work.repair.rows], {})


def _decides(work: _Work) -> str:
    """Hash prompt, pairs as shown, annotators and gold labels."""
    gold = None if work.gold is None else [None if np.isnan(label) else float(label) for label in work.gold]
    source = work.source
    labels = [] if work.repair is None else [work.repair.labels_sha256]
    return sha256_of([work.prompt.sha256, source.sha256, source.max_chars, deciding(work.annotators), gold, *labels])


def _record(work: _Work, answers: AnswerFile) -> dict[str, Any]:
    """Return what the manifest says of an annotation."""
    return {
        "decides": _decides(work),
        "prompt": {"name": work.prompt.name, "sha256": work.prompt.sha256},
        "pairs": {
            "source": work.source.source,
            "sha256": work.source.sha256,
            "max_chars": work.source.max_chars,
            "selection": dict(work.source.selection),
        },
        **described(work.annotators, answers),
        "gold_labels": 0 if work.gold is None else int((~np.isnan(work.gold)).sum()),
    }
