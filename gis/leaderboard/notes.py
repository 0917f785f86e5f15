"""The sentences below a leaderboard: what a reader must know of its numbers, each once."""

from collections.abc import Mapping, Sequence

from gis.benchmark.results import Result
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.fronts import front
from gis.leaderboard.scores import agreement_of, ceiling_of, sample_of, strata_of
from gis.models.lexical import BASELINES, baseline_of
from gis.text import visible

MARK = "Spearman × 100 of cosine"  # what every leaderboard that gis wrote has in it
FIRST_NOTE = f"{MARK}, or of the model's own score where it has no vectors; the best in bold."
NAMED = 4  # models of one reason that are named


def notes(board: Leaderboard, hidden: Sequence[Result], unranked: Mapping[tuple[str, str], str]) -> list[str]:
    """Return the notes on a leaderboard.

    Args:
        board: The leaderboard, without notes.
        hidden: Other results of the same models on the same tasks.
        unranked: Why a model has no rank on some pairs, by (identity, name of the pairs).
    """
    names = {member.identity: member.model for row in board.rows for member in (row, *row.members)}
    results = [result for row in board.rows for result in row.results]
    lines = [
        FIRST_NOTE,
        *_on_ranks(board, names, unranked),
        *_on_seeds(board),
        *_on_binary_labels(results),
        *_on_samples(results),
        *_on_data(board, results),
        *_on_cuts(results, names),
        *_on_precision(board),
        *_on_costs(board),
        *_on_rivals(results, hidden, names),
        *_on_proof(results, names),
        *_on_baselines(board),
    ]
    return list(map(visible, lines))  # a name may hold line breaks


def _on_ranks(board: Leaderboard, names: Mapping[str, str], unranked: Mapping[tuple[str, str], str]) -> list[str]:
    lines = []
    first = board.rankings.get(board.columns[0])
    if first is not None:
        lines.append(
            "Ranks and ± are 95 % intervals that allow for pairs that share texts; the ranks of a column hold for all "
            "models at once. ≈ marks scores that are not certainly below the best."
        )
        groups: dict[int, list[str]] = {}
        for identity, group in zip(first.models, first.ranking.groups, strict=True):
            groups.setdefault(group, []).append(identity)
        order = {row.identity: n for n, row in enumerate(board.rows)}
        tied = [sorted(group, key=order.__getitem__) for _, group in sorted(groups.items()) if len(group) > 1]
        if tied:
            behind = [f"{', '.join(names[each] for each in group[1:])} than {names[group[0]]}" for group in tied]
            lines.append(f"Not certainly worse on {board.columns[0].title}: {'; '.join(behind)}.")
    by_reason: dict[str, dict[str, None]] = {}
    for (identity, _), reason in unranked.items():
        by_reason.setdefault(reason, {})[names[identity]] = None
    for reason, models in by_reason.items():
        more = f" and {len(models) - NAMED} more" if len(models) > NAMED else ""
        lines.append(f"No rank for {', '.join(list(models)[:NAMED])}{more}: {reason}.")
    return lines


def _on_seeds(board: Leaderboard) -> list[str]:
    if not any(row.seeds for row in board.rows):
        return []
    return [
        "A row of several seeds is the mean of models that differ only in the seed of their training; the deviation is "
        "that of their first score, and ± is the error of the mean of these very models."
    ]


def _on_baselines(board: Leaderboard) -> list[str]:
    shown = {baseline_of(result.model) for row in board.rows for result in row.results}
    read = {of_text for name, of_text in BASELINES.items() if name in shown}
    missing = [name for name, of_text in BASELINES.items() if of_text not in read]
    if not missing:
        return []
    return [f"Without {', '.join(missing)}: gis bench --model {','.join(missing)} shows what the scores are worth."]


def _on_binary_labels(results: Sequence[Result]) -> list[str]:
    binary = [result for result in results if result.task.label == "binary"]
    if not binary:
        return []
    lines = [
        "AUROC × 100: the chance that a positive pair scores above a negative one; comparable between binary tasks."
    ]
    if any(strata_of(result) for result in binary):
        lines.append(
            "A stratum compares all positive pairs with one kind of negatives; a task's Spearman and AUROC are the "
            "means over its strata."
        )
    caps = {task: cap for task in _tasks(binary) if (cap := _cap([r for r in binary if r.task.name == task]))}
    if caps:
        at_most = ", ".join(f"{cap} on {task}" for task, cap in caps.items())
        lines.append(
            f"Binary labels cap Spearman: at most {at_most}, unless scores tie; not comparable with graded tasks."
        )
    if above := [result for result in binary if _is_above_its_cap(result)]:
        lines.append(f"Scores above the cap, on {', '.join(_tasks(above))}, gave many pairs the same score.")
    return lines


def _cap(results: Sequence[Result]) -> str:
    """Return the ceiling of a task × 100, as a range where the results are of different samples."""
    ceilings = sorted(ceiling for result in results if isinstance(ceiling := ceiling_of(result), float))
    return (
        " to ".join(dict.fromkeys(f"{100 * ceiling:.1f}" for ceiling in (ceilings[0], ceilings[-1])))
        if ceilings
        else ""
    )


def _is_above_its_cap(result: Result) -> bool:
    ceiling, main = ceiling_of(result), result.scores.main
    return isinstance(ceiling, float) and isinstance(main, float) and round(100 * main, 1) > round(100 * ceiling, 1)


def _on_samples(results: Sequence[Result]) -> list[str]:
    by_sample: dict[str, list[Result]] = {}
    for result in results:
        if result.task.limit is not None:
            by_sample.setdefault(sample_of(result), []).append(result)
    return [f"* a sample of the pairs, {sample}: {', '.join(_tasks(of))}." for sample, of in by_sample.items()]


def _on_data(board: Leaderboard, results: Sequence[Result]) -> list[str]:
    lines = []
    if other := _tasks([result for result in results if result.task.verified is False]):
        lines.append(f"The data of {', '.join(other)} differs from the catalogue's.")
    tasks = {
        pairs: scored.result.task.name
        for row in board.rows
        for member in row.members
        for pairs, scored in member.scored.items()
    }
    if split := sorted({task for pairs, task in tasks.items() if pairs != task}):
        lines.append(f"Models were scored on different pairs of {', '.join(split)}: each kind has a column of its own.")
    return lines


def _on_cuts(results: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    cut = sorted({names[result.model.identity] for result in results if (result.texts.truncated or 0) > 0})
    if not cut:
        return []
    return [f"Texts were cut at the model's limit for {', '.join(cut)}; the result files say how many."]


def _on_precision(board: Leaderboard) -> list[str]:
    agreements = {row.model: agreement_of(row.results) for row in board.rows}
    compared = [f"{model} in {agreement}" for model, agreement in agreements.items() if agreement]
    return [f"Rank correlation of a model's similarities with its own in fp32: {'; '.join(compared)}."] * bool(compared)


def _on_costs(board: Leaderboard) -> list[str]:
    best = [f"{row.model} ({row.cost.size})" for row in front(board, board.columns[0], "parameters")]
    if not best:
        return []
    title = board.columns[0].title
    return [
        f"Pareto front of {title} and parameters, where no other model scores higher with as few: {', '.join(best)}."
    ]


def _on_rivals(results: Sequence[Result], hidden: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    """Name the cells that another result on as many pairs would fill with other scores."""
    by_cell: dict[tuple[str, str], list[Result]] = {}
    for other in hidden:
        by_cell.setdefault((other.model.identity, other.task.name), []).append(other)
    lines = []
    for result in results:
        others = by_cell.get((result.model.identity, result.task.name), ())
        rivals = [other for other in others if other.task.limit == result.task.limit and other.scores != result.scores]
        if rivals:
            which = ", ".join(filter(None, [result.run.date, sample_of(result)]))
            lines.append(
                f"{names[result.model.identity]} has {len(rivals) + 1} different results on {result.task.name}; "
                f"the newest is shown ({which})."
            )
    return lines


def _on_proof(results: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    old = sorted({names[result.model.identity] for result in results if not result.verified})
    if not old:
        return []
    return [f"Unverified: an older gis wrote results of {', '.join(old)} without the hashes that show a change."]


def _tasks(results: Sequence[Result]) -> list[str]:
    return sorted({result.task.name for result in results})
