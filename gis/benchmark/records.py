"""What a result records beside its scores: the task, the texts as the model saw them, and the run."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.results import PrecisionAgreement, Result, RunRecord, TaskRecord, TextRecord
from gis.benchmark.scoring import ALL, ViewScores
from gis.benchmark.tasks.pairs import MENDED, Pairs
from gis.benchmark.tasks.sources import LoadedTask
from gis.masking import masked
from gis.models.base import POOLING_DECLARED, SIMILARITY_DECLARED, LoadSettings, ModelCard, PairLengths
from gis.models.composite import PairRows
from gis.statistics.intervals import chance_interval, chance_looks_good
from gis.versions import versions_of

LIBRARIES = (
    "gis",
    "numpy",
    "scipy",
    "torch",
    "transformers",
    "tokenizers",
    "sentence-transformers",
    "scikit-learn",
    "bm25s",
)
GUESSED_POOLING = "nothing in the model's folder says how to pool"


def task_record(task: LoadedTask) -> TaskRecord:
    """Record which pairs were scored."""
    about = task.task
    return TaskRecord(
        name=about.name,
        label=task.label,
        text="plain" if about.text == "plain" else about.markup,
        source=task.source,
        revision=task.revision,
        pinned=task.revision is not None or bool(task.verified),
        splits=task.splits,
        rows=task.full_rows,
        sha256=task.sha256,
        verified=task.verified,
        limit=task.limit,
        seed=task.seed,
        licence=about.licence,
        citation=about.citation,
        mteb=about.mteb,
    )


def text_record(pairs: Pairs) -> TextRecord:
    """Count the texts of ``pairs``, for a model that does not count their lengths."""
    empty = [not first.strip() or not second.strip() for first, second in zip(pairs.text1, pairs.text2, strict=True)]
    texts = {*pairs.text1, *pairs.text2}
    return TextRecord(
        pairs=len(pairs),
        texts=len(texts),
        empty=sum(not text.strip() for text in texts),
        pairs_with_empty=sum(empty),
        mended=pairs.mended_texts,
    )


def read_text_record(
    pairs: Pairs, rows: PairRows, lengths: PairLengths, unit: str, vectors: NDArray[np.float32] | None = None
) -> TextRecord:
    """Count the texts of ``pairs`` and what a model read of them.

    Args:
        pairs: The pairs of one task.
        rows: Where their texts are in the pool of all texts.
        lengths: The lengths of the texts of each pair. A text of several pairs counts as what was read of it least.
        unit: What the lengths are counted in.
        vectors: The pool's vectors, of an encoder.
    """
    first, second = lengths
    distinct, place = np.unique(np.concatenate([rows.first, rows.second]), return_inverse=True)
    tokens = np.zeros(len(distinct), dtype=np.int64)
    tokens[place] = np.concatenate([first.tokens, second.tokens])
    kept = tokens.copy()
    np.minimum.at(kept, place, np.concatenate([first.kept, second.kept]))
    return replace(
        text_record(pairs),
        unit=unit,
        tokens=int(tokens.sum()),
        tokens_kept=int(kept.sum()),
        truncated=int((kept < tokens).sum()),
        pairs_truncated=int(((first.kept < first.tokens) | (second.kept < second.tokens)).sum()),
        zero_vectors=None if vectors is None else int(np.count_nonzero(~vectors[distinct].any(axis=1))),
    )


def run_record(
    card: ModelCard,
    load: LoadSettings,
    command: str,
    *,
    seconds: float,
    from_cache: int,
    hardware: Iterable[str],
    agreement: PrecisionAgreement | None = None,
) -> RunRecord:
    """Record how a task was scored, now and in this process."""
    torch = sys.modules.get("torch")  # asked only if a model brought it: importing it takes seconds
    return RunRecord(
        command=masked(command),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        from_cache=from_cache,
        hardware=tuple(sorted(set(hardware))),
        precision=str(card.settings.get("precision", load.precision)),
        threads=torch.get_num_threads() if torch else 1,
        batch_tokens=load.batch_tokens,
        versions=versions_of(LIBRARIES),
        agreement=agreement,
    )


def notes_on(task: LoadedTask, texts: TextRecord, card: ModelCard) -> tuple[str, ...]:
    """Say what the reader of one result must know: cut, empty or zero texts, other data, a sample, a guess."""
    notes = []
    if card.settings.get(POOLING_DECLARED) is False:
        notes.append(f"{GUESSED_POOLING}; {card.settings['pooling']} pooling was assumed")
    if (similarity := card.settings.get(SIMILARITY_DECLARED)) is not None:
        notes.append(f"the model's folder declares the similarity {similarity}; the score is that of the cosine")
    if texts.truncated and texts.tokens:
        share, unit = (texts.tokens_kept or 0) / texts.tokens, texts.unit
        cut = f"{texts.truncated:,} of {texts.texts:,} texts were cut at {card.max_tokens} {unit}"
        notes.append(f"{cut}; {share:.1%} of all {unit} were read")
    if texts.empty:
        notes.append(f"{texts.empty:,} texts are empty, in {texts.pairs_with_empty:,} pairs; kept, as published")
    if texts.mended:
        notes.append(MENDED.format(texts.mended))
    if texts.zero_vectors:
        notes.append(f"{texts.zero_vectors:,} texts have the zero vector; their cosine counts as 0")
    if task.verified is False:
        notes.append("the data differs from the data that the catalogue's hash was taken from")
    if task.limit is not None:
        notes.append(f"partial: a sample of {len(task.pairs):,} of {task.full_rows:,} pairs")
    return tuple(notes)


def warnings_of(results: Sequence[Result]) -> list[str]:
    """Say what the reader of a run's results must know, each kind of remark once for all models and tasks.

    The notes of each result are in its file; fifty of them would hide the table.
    """
    warnings = []
    for model, guessed in _by_model(r for r in results if r.model.settings.get(POOLING_DECLARED) is False).items():
        pooling = guessed[0].model.settings["pooling"]
        warnings.append(f"{model}: {GUESSED_POOLING}; {pooling} pooling was assumed (to choose, add pooling=…)")
    if samples := _tasks(result for result in results if result.task.limit is not None):
        warnings.append(f"partial: a sample of the pairs was scored, for {samples}")
    if other := _tasks(result for result in results if result.task.verified is False):
        warnings.append(f"the data differs from the data that the catalogue's hash was taken from, for {other}")
    for model, cut in _by_model(result for result in results if result.texts.truncated and result.texts.tokens).items():
        limit = f"{cut[0].model.max_tokens} {cut[0].texts.unit}"
        read = [(result.texts.tokens_kept or 0) / (result.texts.tokens or 1) for result in cut]
        share = f"{min(read):.1%}" if len(read) == 1 else f"{min(read):.1%} to {max(read):.1%}"
        warnings.append(f"{model} cut texts at {limit} and read {share} of {_tasks(cut)}")
    for model, zero in _by_model(result for result in results if result.texts.zero_vectors).items():
        count = sum(result.texts.zero_vectors or 0 for result in zero)
        warnings.append(f"{model} gave {count:,} zero vectors, whose cosine counts as 0, for {_tasks(zero)}")
    for name, view in _smallest_views(results).items():
        if view.binary is not None and chance_looks_good(view.binary.positives, view.pairs - view.binary.positives):
            low, high = chance_interval(view.binary.positives, view.pairs - view.binary.positives)
            where = "" if view.view == ALL else f" of {view.view}"
            warnings.append(
                f"{name} is small: on its {view.pairs} pairs{where} a model that guesses has an AUROC of {low:.2f} to "
                f"{high:.2f} in 95 of 100 cases"
            )
    if empty := _tasks(result for result in results if result.texts.empty):
        warnings.append(f"some texts are empty, and kept as published, in {empty}")
    if mended := _tasks(result for result in results if result.texts.mended):
        warnings.append(f"some texts hold half of a character, replaced by U+FFFD, in {mended}")
    return warnings


def _smallest_views(results: Sequence[Result]) -> dict[str, ViewScores]:
    """Return, for each task with binary labels, the view that tells the least."""

    def width(view: ViewScores) -> float:
        assert view.binary is not None
        low, high = chance_interval(view.binary.positives, view.pairs - view.binary.positives)
        return high - low

    smallest: dict[str, ViewScores] = {}
    for result in results:
        views = [
            view for view in result.scores.views if view.binary is not None and 0 < view.binary.positives < view.pairs
        ]
        if views:
            smallest.setdefault(result.task.name, max(views, key=width))
    return smallest


def _tasks(results: Iterable[Result]) -> str:
    """Name the tasks of ``results``, each once; more than four are counted."""
    names = list(dict.fromkeys(result.task.name for result in results))
    return ", ".join(names) if len(names) <= 4 else f"{len(names)} tasks"


def _by_model(results: Iterable[Result]) -> dict[str, list[Result]]:
    by_model: dict[str, list[Result]] = {}
    for result in results:
        by_model.setdefault(result.model.name, []).append(result)
    return by_model
