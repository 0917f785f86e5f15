"""The pairs that are annotated, and the gold labels that some of them have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.annotation.prompt import TOP_LEVEL, Texts, cut
from gis.benchmark.tasks.catalogue import Task, resolve_tasks
from gis.benchmark.tasks.pairs import ISSUE_COLUMNS, MISSING, Columns, Pairs, Table, pairs_from_table, texts_of
from gis.benchmark.tasks.sources import LoadedTables, SourceSettings, load_tables, split_names
from gis.console import QUIET, Reporter
from gis.dataset.candidates import (
    Candidate,
    CandidateSettings,
    UnreadComment,
    find_candidates,
    find_unread_comments,
    is_store,
)
from gis.dataset.settings import TextSettings
from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.spec import Spec, parse_spec
from gis.text import plain_text
from gis.words import words

TRAIN, TEST = "train", "test"
SPLITS = (TRAIN, "validation", "valid", "dev", TEST)
KEPT_COLUMNS = ("cluster1", "cluster2", *ISSUE_COLUMNS)  # what training and error lists use, beside the texts


@dataclass(frozen=True, kw_only=True)
class PairsToGrade:
    """Pairs to annotate.

    Attributes:
        pairs: Their names and texts; their labels are no labels.
        extra: Further columns that the annotated data keeps.
        source: Where they come from.
        split: The split of the annotated data: that of the source, so that test texts stay test texts.
        max_chars: What annotators are shown of each text: head and tail of longer ones. None for the whole.
        symmetric: Whether the order of the two texts means nothing, so that annotators are asked in both.
        selection: By what the pairs were chosen among others; empty where all were taken.
        selected: The same in words.
    """

    pairs: Pairs
    extra: Mapping[str, Sequence[Any]]
    source: str
    split: str
    max_chars: int | None = None
    symmetric: bool = True
    selection: Mapping[str, Any] = field(default_factory=dict)
    selected: str = ""

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, rows: NDArray[np.intp]) -> "PairsToGrade":
        """Return the pairs at ``rows``."""
        extra = {name: [values[row] for row in rows] for name, values in self.extra.items()}
        return replace(self, pairs=self.pairs.take(rows), extra=extra)

    @property
    def cut_texts(self) -> int:
        """How many texts are longer than annotators are shown."""
        limit = self.max_chars
        return 0 if limit is None else sum(len(text) > limit for text in (*self.pairs.text1, *self.pairs.text2))

    def shown(self, row: int, *, swapped: bool) -> tuple[str, str]:
        """Return the two texts as annotators see them; swapped only where their order means nothing."""
        first, second = cut(self.pairs.text1[row], self.max_chars), cut(self.pairs.text2[row], self.max_chars)
        return (second, first) if swapped and self.symmetric else (first, second)

    def questions(self) -> list[Texts]:
        """Return what annotators are asked about: each pair in both orders."""
        return [self.shown(row, swapped=swapped) for row in range(len(self)) for swapped in (False, True)]

    @cached_property
    def sha256(self) -> str:
        """Hash of names and texts, in their order."""
        return sha256_of([self.pairs.ids, self.pairs.text1, self.pairs.text2])


def load_pairs(
    spec: Spec, settings: SourceSettings, *, max_chars: int | None = None, reporter: Reporter = QUIET
) -> PairsToGrade:
    """Load the pairs to annotate: of several splits the train split, unless ``spec`` names another.

    Args:
        spec: A task, folder, file or Hub dataset with the columns ``text1`` and ``text2``, whose labels are not read;
            or a store, of which candidate pairs are taken: see ``candidate_settings``.
        settings: Where to look; its limit is not used.
        max_chars: What annotators are shown of each text: head and tail of longer ones. None for the whole.
        reporter: Shows progress.

    Raises:
        UsageError: The name is unknown, or stands for several tasks or splits.
        GisError: There are no pairs, or two of them have one id.
    """
    source = _of_store(spec, reporter) if is_store(Path(spec.name)) else _of_task(spec, settings)
    return replace(_with_distinct_ids(source), max_chars=max_chars)


def _with_distinct_ids(source: PairsToGrade) -> PairsToGrade:
    if repeated := [name for name, count in Counter(source.pairs.ids).items() if count > 1]:
        raise GisError(f"{source.source}: two pairs have the id '{repeated[0]}', by which labels and reviews find them")
    return source


class TextsToUse(NamedTuple):
    """Texts that pairs are generated from.

    Attributes:
        texts: The texts, as models see them, each once.
        source: Where they come from.
        split: The split of the generated pairs: that of the source, so that test texts stay test texts.
    """

    texts: list[str]
    source: str
    split: str


def load_texts(
    spec: Spec, settings: SourceSettings, *, max_chars: int | None = None, reporter: Reporter = QUIET
) -> TextsToUse:
    """Load texts: those of the column ``text``, of ``anchor`` and ``positive``, or of ``text1`` and ``text2``.

    Args:
        spec: A task, folder, file or Hub dataset, or a store: see ``candidate_settings``.
        settings: Where to look; ``limit`` draws a sample of the texts.
        max_chars: What models are shown of each text: head and tail of longer ones. None for the whole.
        reporter: Shows progress.

    Raises:
        UsageError: The name is unknown, or stands for several tasks or splits.
        GisError: There are no texts.
    """
    if is_store(Path(spec.name)):
        pairs = _of_store(spec, reporter).pairs
        texts, source, split = [*pairs.text1, *pairs.text2], str(spec), TRAIN
    else:
        task, tables = load_split(spec, settings)
        present = tables.tables[0].columns
        usual = (("text",), ("anchor", "positive"), (tables.columns.text1, tables.columns.text2))
        names = next((names for names in usual if all(name in present for name in names)), ())
        if not names:
            raise GisError(f"{tables.source} has no column text, text1 or anchor; columns found: {', '.join(present)}")
        texts = [
            text
            for table in tables.tables
            for name in names
            for text in texts_of(table.columns.get(name, ()), name, table.where).texts
        ]
        texts = list(map(plain_text, texts)) if task.text == "plain" else texts
        source, split = tables.source, tables.splits[0] if tables.splits[0] in SPLITS else TRAIN
    distinct = [cut(text, max_chars) for text in dict.fromkeys(texts) if words(text)]
    if not distinct:
        raise GisError(f"{source} has no texts with words")
    if settings.limit is not None and settings.limit < len(distinct):
        chosen = np.random.default_rng(settings.seed).choice(len(distinct), settings.limit, replace=False)
        distinct = [distinct[row] for row in np.sort(chosen)]
    return TextsToUse(list(dict.fromkeys(distinct)), source, split)


def candidate_settings(spec: Spec) -> CandidateSettings:
    """Return which pairs of a store are candidates.

    Args:
        spec: The store, with the options ``neighbours`` (of each issue), ``dense`` (the encoder that finds them, in
            place of BM25), ``known=yes`` (known duplicates too), ``apart_from`` (a dataset, as a folder or rust_issues,
            whose validation and test issues are left out) and ``languages`` (codes joined by +, or any).

    Raises:
        UsageError: An option is unknown, or its value is.
    """
    options = spec.options
    spec.check_options(("neighbours", "dense", "known", "apart_from", "languages"))
    if options.get("known", "no") not in ("yes", "no"):
        raise UsageError(f"known must be yes or no, not '{options['known']}'")
    if not options.get("neighbours", "1").isdecimal():
        raise UsageError(f"neighbours must be a whole number, not '{options['neighbours']}'")
    defaults = CandidateSettings()
    languages = options.get("languages")
    return CandidateSettings(
        neighbours=int(options.get("neighbours", defaults.neighbours)),
        dense=parse_spec(options["dense"]) if "dense" in options else None,
        known=options.get("known") == "yes",
        apart_from=options.get("apart_from"),
        text=TextSettings()
        if languages is None
        else TextSettings(languages=() if languages == "any" else tuple(languages.split("+"))),
    )


def load_comments(spec: Spec, *, max_chars: int | None = None, reporter: Reporter = QUIET) -> PairsToGrade:
    """Load the comments of a store that may be rulings and that no pattern reads, each with an issue that it cites.

    They are a test split, so that nobody trains on comments as if they were issues.

    Raises:
        UsageError: It is not a store, or was given options.
        GisError: There are no such comments.
    """
    if not is_store(Path(spec.name)):
        raise UsageError(f"{spec.name} is not a store", remedy="gis collect makes one")
    spec.check_options(())
    comments = _of_rows(spec, find_unread_comments(Path(spec.name), reporter=reporter))
    named = zip(comments.pairs.ids, comments.extra["comment"], comments.extra["comment_sha256"], strict=True)
    ids = tuple(f"{pair}@{comment or sha256[:12]}" for pair, comment, sha256 in named)
    return replace(comments, pairs=replace(comments.pairs, ids=ids), max_chars=max_chars, symmetric=False, split=TEST)


def _of_store(spec: Spec, reporter: Reporter) -> PairsToGrade:
    return _of_rows(spec, find_candidates(Path(spec.name), candidate_settings(spec), reporter=reporter))


def _of_rows(spec: Spec, rows: Sequence[Candidate] | Sequence[UnreadComment]) -> PairsToGrade:
    columns = {name: list(values) for name, values in zip(rows[0]._fields, zip(*rows, strict=True), strict=True)}
    table = Table({**columns, _LABEL: [0.0] * len(rows)}, lambda row: f"{spec.name}:{row}")
    return PairsToGrade(
        pairs=pairs_from_table(table, Columns(label=_LABEL)),
        extra={name: values for name, values in columns.items() if not name.startswith("text")},
        source=str(spec),
        split=TRAIN,
    )


def load_labelled(spec: Spec, settings: SourceSettings) -> PairsToGrade:
    """Load pairs as ``load_pairs`` does, with their labels.

    Raises:
        UsageError: The name is unknown, or stands for several tasks or splits.
        GisError: There are no labels, they are all equal, or two pairs have one id.
    """
    task, tables = load_split(spec, settings)
    pairs = tables.pairs()
    if pairs.gold.min() == pairs.gold.max():
        raise GisError(f"{tables.source}: all labels are {pairs.gold[0]:g}, so that nothing can contradict them")
    return _with_distinct_ids(_of_tables(task, tables, pairs))


def _of_task(spec: Spec, settings: SourceSettings) -> PairsToGrade:
    task, tables = load_split(spec, settings)
    unlabelled = replace(tables, tables=tuple(map(_without_labels, tables.tables)), labels=None)
    pairs = replace(unlabelled, columns=Columns(tables.columns.text1, tables.columns.text2, _LABEL)).pairs()
    return _of_tables(task, tables, pairs)


def _of_tables(task: Task, tables: LoadedTables, pairs: Pairs) -> PairsToGrade:
    return PairsToGrade(
        pairs=pairs.map_texts(plain_text) if task.text == "plain" else pairs,
        extra=_kept(tables),
        source=tables.source,
        split=tables.splits[0] if tables.splits[0] in SPLITS else TRAIN,
    )


def load_gold(spec: Spec, pairs: Pairs, settings: SourceSettings) -> NDArray[np.float64]:
    """Return the (n,) gold labels of ``pairs``, NaN where a pair has none.

    Labels are on the scale 0 to 5; where all are 0 or 1, they count as its ends.

    Raises:
        GisError: The gold labels are of other pairs, contradict each other, or are on another scale.
    """
    gold = load_split(spec, replace(settings, limit=None))[1].pairs()
    if gold.gold.min() < 0 or gold.gold.max() > TOP_LEVEL:
        raise GisError(
            f"the gold labels of {spec.name} are {gold.gold.min():g} to {gold.gold.max():g}, expected 0 to {TOP_LEVEL}"
        )
    labels = gold.gold * TOP_LEVEL if np.isin(gold.gold, (0.0, 1.0)).all() else gold.gold
    by_id = dict(zip(gold.ids, zip(gold.text1, gold.text2, labels, strict=True), strict=True))
    if len(by_id) < len(gold):
        raise GisError(f"the gold labels of {spec.name} name a pair twice")
    values = np.full(len(pairs), np.nan)
    for row, name in enumerate(pairs.ids):
        if name in by_id:
            first, second, label = by_id[name]
            if {first, second} != {pairs.text1[row], pairs.text2[row]}:
                raise GisError(f"the gold label of pair {name} is of other texts; ids must name the same pairs in both")
            values[row] = label
    if np.isnan(values).all():
        raise GisError(
            f"no gold label of {spec.name} is of a pair to annotate: its ids are such as '{gold.ids[0]}', "
            f"those of the pairs such as '{pairs.ids[0]}'"
        )
    return values


_LABEL = "no label"  # the column of zeros in the place of labels


def _without_labels(table: Table) -> Table:
    rows = len(next(iter(table.columns.values())))
    return Table({**table.columns, _LABEL: [0.0] * rows}, table.where)


def _kept(tables: LoadedTables) -> dict[str, list[Any]]:
    """Return the further columns that every table has."""
    names = [name for name in KEPT_COLUMNS if all(name in table.columns for table in tables.tables)]
    joined = {name: [value for table in tables.tables for value in table.columns[name]] for name in names}
    return {name: [None if value is MISSING else value for value in values] for name, values in joined.items()}


def load_split(spec: Spec, settings: SourceSettings) -> tuple[Task, LoadedTables]:
    """Read one split: the one that ``spec`` names, else the train split, else the only one or the test split.

    Raises:
        UsageError: The name is unknown, or stands for several tasks or splits.
        GisError: The data cannot be found, or is broken.
    """
    tasks = resolve_tasks([spec], settings.data)
    if len(tasks) != 1:
        raise UsageError(f"one task is wanted here: {spec.name} is {len(tasks)}")
    task = tasks[0]
    if "split" not in spec.options and not _is_file(task) and TRAIN in split_names(task, settings):
        task = task.with_split(TRAIN)
    tables = load_tables(task, settings)
    if len(tables.splits) > 1:
        raise UsageError(f"one split is wanted here: {spec} is {', '.join(tables.splits)}")
    return task, tables


def _is_file(task: Task) -> bool:
    return task.hub is None and bool(task.folder) and Path(task.folder).is_file()
