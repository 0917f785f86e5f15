"""Generate pairs: from texts to a folder of pairs of the same and of another meaning that models are trained on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from gis.annotation.annotators import ServerAnnotator
from gis.annotation.answers import AnswerFile
from gis.annotation.asking import Estimate, Failures, estimate
from gis.annotation.budget import Spent
from gis.annotation.card import generated_card
from gis.annotation.generation import Generated, GenerationPrompt, Screened, read_generation_prompt, screen
from gis.annotation.output import ANSWERS, write_annotation
from gis.annotation.prompt import Texts
from gis.annotation.registry import load_writer
from gis.annotation.report import cost_json, cost_table, most_common
from gis.annotation.session import AnnotationSettings, ask_each, by_name, deciding, described, opened, spent_by
from gis.annotation.source import TextsToUse, load_texts
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.markdown import escape, table
from gis.spec import Spec


@dataclass(frozen=True, kw_only=True)
class GenerationReport:
    """What is known about generated pairs.

    Attributes:
        texts: Texts that pairs were asked for.
        same: Pairs of the same meaning.
        other: Pairs of another meaning.
        written_by: Pairs that each model wrote; what several wrote counts for each.
        dropped: Texts that could not be used, by reason.
        failed: Texts for which a model gave no answer, by model and reason.
        spent: What each model's answers have cost so far.
    """

    texts: int
    same: int
    other: int
    written_by: Mapping[str, int]
    dropped: Mapping[str, int]
    failed: Mapping[str, int]
    spent: Mapping[str, Spent]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "spent"},
            "cost": cost_json(self.spent),
        }

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        lines = [
            f"# Report on {self.same + self.other:,} generated pairs\n",
            f"{self.same:,} pairs of the same meaning and {self.other:,} of another, for {self.texts:,} texts.\n",
        ]
        for title, counts in (("texts that were not used", self.dropped), ("no answer", self.failed)):
            if counts:
                rows = [(escape(reason), f"{count:,}") for reason, count in counts.items()]
                lines.append(table((title, "number"), rows))
        lines.append(cost_table({name: f"{count:,}" for name, count in self.written_by.items()}, "pairs", self.spent))
        return "\n".join(lines)


class _Work(NamedTuple):
    """What pairs are generated from."""

    prompt: GenerationPrompt
    source: TextsToUse
    writers: Mapping[str, ServerAnnotator]

    @property
    def questions(self) -> list[Texts]:
        return [(text,) for text in self.source.texts]

    @property
    def decides(self) -> str:
        return sha256_of([self.prompt.sha256, self.source.texts, deciding(self.writers)])


def estimate_generation(
    texts: Spec, output: Path, settings: AnnotationSettings, *, count: int = 2
) -> Mapping[str, Estimate]:
    """Return what each model is still to be asked; nothing is sent.

    Raises:
        UsageError: A name or an option is wrong.
        GisError: The texts cannot be used.
    """
    work = _prepare(texts, settings, count, QUIET)
    answers = AnswerFile(output / ANSWERS)
    return {name: estimate(writer, work.questions, answers) for name, writer in work.writers.items()}


def generate(
    texts: Spec, output: Path, settings: AnnotationSettings, *, count: int = 2, reporter: Reporter = QUIET
) -> GenerationReport:
    """Have models write texts of the same and of another meaning, and write the pairs with labels 1 and 0 to a folder.

    Args:
        texts: Where the texts are; see ``load_texts``.
        output: The folder. It keeps every answer, so that the same call continues a run that was stopped.
        settings: Who is asked, and how.
        count: How many texts of each kind are asked for.
        reporter: Where progress goes.

    Raises:
        UsageError: A name or an option is wrong.
        BudgetReachedError: A limit was reached; what was answered is kept.
        GisError: The texts cannot be used, a model failed, or ``output`` holds something else.
    """
    work = _prepare(texts, settings, count, reporter)
    with opened(output, work.decides, force=settings.force, reporter=reporter) as (folder, answers):
        failures = ask_each(work.writers, work.questions, answers, settings, reporter)
        screened = [screen(text, _written(text, work, answers), count) for text in work.source.texts]
        rows = list(_rows(work.source, screened))
        report = _report(work, screened, failures, spent_by(work.writers, answers))
        if not rows:
            reasons = [*report.failed, *report.dropped]
            raise GisError(f"no text can be used: {'; '.join(reasons[:3])}")
        record = {
            "task": "generate",
            "decides": work.decides,
            "prompt": {"name": work.prompt.name, "sha256": work.prompt.sha256, "count": count},
            "texts": {"source": work.source.source, "number": len(work.source.texts), "max_chars": settings.max_chars},
            **described(work.writers, answers),
        }
        split = work.source.split
        write_annotation(
            folder, split, rows, report.to_json(), generated_card(split, report.to_markdown(), record), record
        )
    return report


def _prepare(texts: Spec, settings: AnnotationSettings, count: int, reporter: Reporter) -> _Work:
    if settings.gold is not None:
        raise UsageError("generated pairs have no gold labels")
    prompt = read_generation_prompt(settings.prompt or "paraphrases", count)
    loaded = (
        load_writer(given, prompt, base_url=settings.base_url, prices=settings.prices) for given in settings.models
    )
    writers = by_name(loaded, settings.limits)
    if settings.selection.strategy != "random" or settings.selection.by is not None:
        raise UsageError("texts to generate from are drawn at random", remedy="leave out --strategy and --by")
    where = replace(settings.source, limit=settings.selection.limit, seed=settings.selection.seed)
    source = load_texts(texts, where, max_chars=settings.max_chars, reporter=reporter)
    return _Work(prompt, source, writers)


def _written(text: str, work: _Work, answers: AnswerFile) -> dict[str, Generated]:
    """Return what each model wrote about a text, where it answered."""
    written: dict[str, Generated] = {}
    for name, writer in work.writers.items():
        answer = None if writer.protocol is None else answers.by_key.get(writer.key((text,), writer.protocol))
        if answer is not None and isinstance(answer.value, Generated):
            written[name] = answer.value
    return written


def _rows(source: TextsToUse, screened: Sequence[Screened]) -> Iterator[dict[str, Any]]:
    for number, (text, usable) in enumerate(zip(source.texts, screened, strict=True)):
        for place, written in enumerate(usable.written):
            yield {
                "id": f"{number}-{place}",
                "text1": text,
                "text2": written.text,
                "score": float(written.same),
                "models": list(written.models),
            }


def _report(
    work: _Work, screened: Sequence[Screened], failures: Mapping[str, Failures], spent: Mapping[str, Spent]
) -> GenerationReport:
    written = [each for usable in screened for each in usable.written]
    dropped = sum((Counter(usable.dropped) for usable in screened), Counter[str]())
    failed = Counter(f"{name}: {reason}" for name, of_model in failures.items() for reason in of_model.values())
    return GenerationReport(
        texts=len(work.source.texts),
        same=sum(each.same for each in written),
        other=sum(not each.same for each in written),
        written_by={name: sum(name in each.models for each in written) for name in work.writers},
        dropped=dict(dropped.most_common()),
        failed=most_common(failed),
        spent=spent,
    )
