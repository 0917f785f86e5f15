"""Do the intervals hold? Draw data of which the truth is known, and count how often intervals and ranks contain it.

Run: python perf/coverage.py [--draws 1000] [--data FOLDER]

Designs: independent pairs, chains of pairs that share texts, all pairs of 50 texts, and with --data the pairs of real
tasks (only which texts they share is used). Every text moves the labels and the scores of all its pairs.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from gis.benchmark.tasks.loading import load_tasks
from gis.benchmark.tasks.sources import SourceSettings
from gis.statistics.dependence import Dependence
from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.intervals import auroc_interval, correlation_interval
from gis.statistics.metrics import Array, auroc, spearman
from gis.statistics.ranks import RankInterval, rank_models

REAL_TASKS = ("sts16", "sickr", "rust_issues")
POPULATION = 400_000  # pairs that the truth is taken from
TEXT_EFFECTS = (0.0, 0.5, 1.0)  # standard deviation of what a text adds to all its pairs; 1 for what a pair adds
Ends = tuple[np.ndarray, np.ndarray]  # (n,) numbers of the first and of the second texts


@dataclass(frozen=True)
class Design:
    """Which texts the pairs share."""

    name: str
    ends: Ends


def designs(data: Path | None) -> Iterator[Design]:
    """Yield the designs."""
    for n in (120, 500):
        yield Design(f"{n} independent pairs", (np.arange(n), np.arange(n) + n))
    rng = np.random.default_rng(0)
    for n in (120, 500):
        starts = np.cumsum(rng.random(n) < 0.4)  # a new chain in 40 of 100 cases
        first = np.arange(n) + starts
        yield Design(f"{n} pairs in chains", (first, first + 1))
    first, second = np.array(list(combinations(range(50), 2))).T
    yield Design("all pairs of 50 texts", (first, second))
    if data is not None:
        for task in load_tasks(list(REAL_TASKS), SourceSettings(data=data)):
            yield Design(f"pairs of {task.task.name}", (task.pairs.text_ids.first, task.pairs.text_ids.second))


def draw(rng: np.random.Generator, ends: Ends, text_effect: float, *, binary: bool) -> tuple[Array, Array]:
    """Draw scores and labels of the pairs."""
    first, second = ends
    texts = int(max(first.max(), second.max())) + 1
    on_label, on_score = rng.normal(size=(2, texts)) * text_effect
    latent = rng.normal(size=len(first)) + on_label[first] + on_label[second]
    gold = (latent > 0.7).astype(np.float64) if binary else np.clip(np.round(2 * latent) / 2, -2, 2)
    noise = on_score[first] + on_score[second] + 0.6 * rng.normal(size=len(first))
    return latent + noise, gold


def of_scores(data: Path | None, draws: int) -> None:
    """Print how often the intervals of scores hold the truth."""
    rng = np.random.default_rng(1)
    print("| pairs | effect of a text | metric | truth | error | estimated error | coverage |")
    print("| :- | -: | :- | -: | -: | -: | -: |")
    apart = (np.arange(POPULATION), np.arange(POPULATION) + POPULATION)
    for design in designs(data):
        dependence = Dependence(*design.ends)
        for effect in TEXT_EFFECTS:
            for metric in ("spearman", "auroc"):
                binary = metric == "auroc"
                value_of: Callable[[Array, Array], object] = auroc if binary else spearman
                truth = float(np.mean([value_of(*draw(rng, apart, effect, binary=binary)) for _ in range(3)]))
                values, widths, inside = [], [], 0
                for _ in range(draws):
                    scores, gold = draw(rng, design.ends, effect, binary=binary)
                    value = float(value_of(scores, gold))  # type: ignore[arg-type]
                    if binary:
                        interval = auroc_interval(value, auroc_influence(scores, gold), dependence)
                    else:
                        interval = correlation_interval(value, spearman_influence(scores, gold), dependence)
                    assert interval is not None
                    values.append(value)
                    widths.append((interval.high - interval.low) / 2 / 1.96)
                    inside += interval.low <= truth <= interval.high
                print(
                    f"| {design.name} | {effect} | {metric} | {truth:.3f} | {np.std(values):.4f} | "
                    f"{np.mean(widths):.4f} | {100 * inside / draws:.1f} % |",
                    flush=True,
                )


def of_ranks(draws: int) -> None:
    """Print how often rank intervals hold all true ranks at once, and how wide they are."""
    rng = np.random.default_rng(2)
    head = "ranks | Holm | percentiles | width | Holm | percentiles | equal called different |"
    print(f"\n| models | noise of the models | {head}")
    print("| -: | :- | -: | -: | -: | -: | -: | -: | -: |")
    cases = {
        "equal, 2": [0.8] * 2,
        "equal, 10": [0.8] * 10,
        "0.6 to 1.1, some equal": [0.6, 0.6, 0.6, 0.7, 0.7, 0.7, 0.8, 0.9, 1.0, 1.1],
        "10 and 10 equal": [0.8] * 10 + [1.2] * 10,
        "0.5 to 1.2, all different": list(np.linspace(0.5, 1.2, 20)),
    }
    starts = np.cumsum(rng.random(500) < 0.4)
    first = np.arange(500) + starts
    dependence = Dependence(first, first + 1)
    for name, noise in cases.items():
        m = len(noise)
        best = [1 + sum(other < own for other in noise) for own in noise]
        worst = [m - sum(other > own for other in noise) for own in noise]
        equal = [(a, b) for a in range(m) for b in range(a) if noise[a] == noise[b]]
        held, width, different = np.zeros(3), np.zeros(3), 0
        for seed in range(draws):
            effects = rng.normal(size=(m + 1, 1100)) * 0.7
            latent = rng.normal(size=500) + effects[-1][first] + effects[-1][first + 1]
            shared = latent + 0.4 * rng.normal(size=500)
            scores = [
                shared + 0.5 * (own[first] + own[first + 1]) + level * rng.normal(size=500)
                for own, level in zip(effects[:-1], noise, strict=True)
            ]
            gold = np.round(latent, 1)
            influence = np.stack([spearman_influence(each, gold) for each in scores], axis=1)
            values = np.array([spearman(each, gold) for each in scores], dtype=np.float64)
            found = rank_models(values, dependence.covariance(influence), dependence.effective, seed=seed)
            kinds: list[tuple[RankInterval, ...]] = [found.ranks, found.holm_ranks, found.percentile_ranks]
            for kind, ranks in enumerate(kinds):
                inside = (  # models that are equal share all the ranks that they have together
                    rank.best <= low and rank.worst >= high for rank, low, high in zip(ranks, best, worst, strict=True)
                )
                held[kind] += all(inside)
                width[kind] += np.mean([rank.worst - rank.best for rank in ranks])
            different += sum(found.p[pair] < 0.05 for pair in equal)
        share = f"{100 * different / draws / len(equal):.1f} %" if equal else "–"
        cells = [*(f"{100 * n / draws:.1f} %" for n in held), *(f"{w / draws:.2f}" for w in width), share]
        print(f"| {m} | {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--data", type=Path, help="Folder with the real tasks.")
    parser.add_argument("--ranks", action="store_true", help="Only the ranks.")
    arguments = parser.parse_args()
    if not arguments.ranks:
        of_scores(arguments.data, arguments.draws)
    of_ranks(arguments.draws)
