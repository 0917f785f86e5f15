"""The sentences below a leaderboard: what a reader must know of its numbers, each once."""

from collections.abc import Mapping, Sequence

from gis.benchmark.results import Result
from gis.leaderboard.scores import ceiling_of, sample_of, strata_of

MARK = "Spearman × 100 of cosine"  # what every leaderboard that gis wrote has in it
FIRST_NOTE = f"{MARK}, or of the model's own score where it has no vectors; the best in bold."


def notes(results: Sequence[Result], hidden: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    """Return the notes on ``results``.

    Args:
        results: Everything that the leaderboard shows.
        hidden: Other results of the same models on the same tasks.
        names: What it calls each model, by identity.
    """
    return [
        FIRST_NOTE,
        *_on_binary_labels(results),
        *_on_samples(results, names),
        *_on_data(results),
        *_on_cuts(results, names),
        *_on_rivals(results, hidden, names),
        *_on_proof(results, names),
    ]


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


def _on_samples(results: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    sampled = [result for result in results if result.task.limit is not None]
    if not sampled:
        return []
    by_sample: dict[str, list[Result]] = {}
    for result in sampled:
        by_sample.setdefault(sample_of(result), []).append(result)
    mixed = [task for task in _tasks(sampled) if len({sample_of(r) for r in results if r.task.name == task}) > 1]
    lines = []
    for sample, of_sample in by_sample.items():
        models = dict.fromkeys(names[result.model.identity] for result in of_sample)
        of_whom = f" ({', '.join(models)})" if mixed else ""
        lines.append(f"* a sample of the pairs, {sample}{of_whom}: {', '.join(_tasks(of_sample))}.")
    if mixed:
        lines.append(f"NOT COMPARABLE: models were scored on different samples of {', '.join(mixed)}.")
    return lines


def _on_data(results: Sequence[Result]) -> list[str]:
    lines = []
    if other := _tasks([result for result in results if result.task.verified is False]):
        lines.append(f"The data of {', '.join(other)} differs from the catalogue's.")
    hashes: dict[str, set[str]] = {}
    for result in results:
        hashes.setdefault(result.task.name, set()).add(result.task.sha256)
    if mixed := sorted(task for task, seen in hashes.items() if len(seen) > 1):
        lines.append(f"NOT COMPARABLE: models were scored on different data under the name {', '.join(mixed)}.")
    return lines


def _on_cuts(results: Sequence[Result], names: Mapping[str, str]) -> list[str]:
    cut = sorted({names[result.model.identity] for result in results if (result.texts.truncated or 0) > 0})
    if not cut:
        return []
    return [f"Texts were cut at the model's limit for {', '.join(cut)}; the result files say how many."]


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
