"""From a store to a dataset folder, whole or not at all."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis.collector.store import Store
from gis.console import Reporter
from gis.dataset.issues.table import Issues, load_issues
from gis.dataset.labels.clusters import Clusters, find_clusters
from gis.dataset.labels.evidence import Evidence, called_duplicates, cross_references, find_evidence
from gis.dataset.labels.policy import Policy, label_of, read_policy
from gis.dataset.output.baselines import baselines
from gis.dataset.output.card import write_card
from gis.dataset.output.manifest import MANIFEST, write_manifest
from gis.dataset.output.report import ConfigReport, Report, lengths
from gis.dataset.output.writer import Writer
from gis.dataset.pairs.negatives import Pool, draw_negatives
from gis.dataset.pairs.neighbours import Nearest, by_bm25, by_encoder, neighbours
from gis.dataset.pairs.positives import Pair, positive_pairs
from gis.dataset.pairs.retrieval import make_queries
from gis.dataset.pairs.splits import (
    SPLITS,
    Assignment,
    Split,
    by_cluster,
    by_repository,
    by_time,
    find_leaks,
    random_pairs,
    units_of,
    without_near_duplicates,
)
from gis.dataset.settings import BuildSettings
from gis.dataset.texts.near_duplicates import Sketches, near_duplicates
from gis.dataset.texts.texts import Texts, make_texts
from gis.dataset.union_find import DisjointSets
from gis.errors import GisError
from gis.files import new_folder
from gis.models.base import Encoder, LoadSettings
from gis.models.registry import load_model


def build(store: Path, output: Path, settings: BuildSettings, reporter: Reporter, *, force: bool = False) -> Report:
    """Build a dataset folder.

    Args:
        store: What ``gis collect`` filled.
        output: The folder to make.
        settings: How.
        reporter: Shows progress and warnings.
        force: Replace a folder that an earlier build made.

    Raises:
        GisError: The store is empty, holds no duplicates or too few for three splits, or the folder is not ours.
    """
    if output.exists() and not force:
        raise GisError(f"{output} exists; give another --output, or --force")
    if output.exists() and (others := foreign_files(output)):
        raise GisError(
            f"{output} holds {others[0]}, which gis build did not make; move it away, or give another --output"
        )
    with new_folder(output) as folder, Store(store) as opened:
        return _build(opened, folder, settings, reporter)


def foreign_files(folder: Path) -> list[str]:
    """Files of a folder that no build made."""
    try:
        made = {*json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"], MANIFEST, "README.md"}
    except (OSError, ValueError, KeyError, TypeError):
        made = set()
    return sorted(
        name
        for path in folder.rglob("*")
        if path.is_file() and (name := path.relative_to(folder).as_posix()) not in made
    )


@dataclass(frozen=True)
class _Found:
    """What a store holds of duplicates."""

    issues: Issues
    policy: Policy
    evidence: list[Evidence]
    clusters: Clusters


@dataclass(frozen=True)
class _Config:
    splits: dict[Split, list[Pair]]
    near: list[list[int]]
    report: ConfigReport


def _build(store: Store, folder: Path, settings: BuildSettings, reporter: Reporter) -> Report:
    found = _find(store, settings, reporter)
    issues, clusters = found.issues, found.clusters
    cited = cross_references(store, issues)
    with make_texts(store, issues, _partners(clusters, cited), settings.text, reporter) as texts:
        positives, left_out = _positives(clusters, texts, settings.closure)
        if not positives:
            raise GisError(f"no positive pair is left: texts were left out as {dict(left_out)}; see --min-words")
        usable = texts.kept.copy()
        usable[sorted(called_duplicates(store, issues) - clusters.of.keys())] = False  # of what, nobody knows
        anchors = sorted({n for pair in positives for n in (pair.first, pair.second)})
        nearest = _neighbours(issues, texts, anchors, settings, reporter)
        sketches = Sketches(texts.__getitem__)
        pool = Pool(issues, texts, usable, clusters, sketches, cited, nearest, match=settings.match)
        members = [n for n in clusters.of if texts.kept[n]]
        units = units_of(clusters, near_duplicates(members, sketches))
        configs = _configs(positives, units, members, pool, settings, reporter)
        default = configs["default"]
        writer = Writer(folder, issues, texts, clusters)
        for name, config in configs.items():
            writer.pairs(name, config.splits)
        writer.positives(default.splits)
        writer.ids(default.splits)
        writer.evidence(found.evidence, lambda each: label_of(each, found.policy))
        if settings.retrieval:
            writer.retrieval(make_queries(clusters, default.splits, default.near, issues, texts))
        report = _report(found, texts, positives, left_out, configs, settings)
        write_card(folder, report, settings, writer.rows)
        write_manifest(folder, store, settings, writer.rows, texts.templates, issues)
    return report


def _find(store: Store, settings: BuildSettings, reporter: Reporter) -> _Found:
    policy = read_policy(settings.policy)
    reporter.say(f"reading {store.path}")
    issues = load_issues(store)
    if not len(issues):
        raise GisError(f"{store.path} holds no issues; fill it: gis collect --repo OWNER/NAME --store {store.path}")
    repositories = "repository" if len(issues.names.repositories) == 1 else "repositories"
    reporter.say(f"{len(issues):,} issues of {len(issues.names.repositories)} {repositories}")
    for name in settings.text.removed:
        if issues.position_of_name(name) is None:
            reporter.warn(f"--leave-out: {name} is not in the store")
    evidence = find_evidence(store, issues)
    clusters = find_clusters(evidence, issues, policy)
    if not clusters.clusters:
        raise GisError(
            f"{store.path}: no duplicates: {len(evidence):,} traces, none of which counts as a ruling between issues "
            "that are here; collect more, or change what counts with --policy"
        )
    reporter.say(f"{len(evidence):,} traces of duplicates, {len(clusters.clusters):,} clusters")
    return _Found(issues, policy, evidence, clusters)


def _report(
    found: _Found,
    texts: Texts,
    positives: Sequence[Pair],
    left_out: Counter[str],
    configs: Mapping[str, _Config],
    settings: BuildSettings,
) -> Report:
    splits, clusters = configs["default"].splits, found.clusters
    drawn = [pair for split in SPLITS for pair in splits[split] if pair.label]
    return Report(
        repositories=found.issues.names.repositories,
        issues=len(found.issues),
        texts=texts.counts(),
        traces=Counter((each.tier, each.actor, label_of(each, found.policy)) for each in found.evidence),
        withdrawn=Counter(each.withdrawn_reason for each in found.evidence if each.withdrawn_reason),
        uncollected=clusters.uncollected,
        held_back=len(clusters.held_back),
        direct=sum(len(cluster.direct) for cluster in clusters.clusters),
        clusters=Counter(len(cluster.members) for cluster in clusters.clusters),
        positives=len(positives),
        positives_left_out=left_out,
        redacted=texts.redacted,
        sentences=texts.sentences,
        template_lines=texts.lines,
        configs={name: config.report for name, config in configs.items()},
        random_split=find_leaks(random_pairs(drawn, settings.seed), (), clusters.groups),
        lengths=lengths(splits, texts.chars),
        baselines=baselines(splits["test"], lambda n: texts[n]),
        as_written=int(texts.as_written.sum()),
    )


def _partners(clusters: Clusters, cited: Sequence[tuple[int, int]]) -> dict[int, set[int]]:
    """By position, issues that one may be paired with because of what people wrote."""
    partners = {n: set(found) for n, found in clusters.related.items()}
    for n, cluster in clusters.of.items():
        partners.setdefault(n, set()).update(cluster.members)
    for one, other in cited:
        partners.setdefault(one, set()).add(other)
        partners.setdefault(other, set()).add(one)
    return partners


def _positives(clusters: Clusters, texts: Texts, closure: int) -> tuple[list[Pair], Counter[str]]:
    """The positive pairs whose texts are kept, and why others were left out."""
    kept: list[Pair] = []
    left_out: Counter[str] = Counter()
    for pair in positive_pairs(clusters.clusters, closure):
        reasons = [n for n in (pair.first, pair.second) if not texts.kept[n]]
        if reasons:
            left_out[texts.why(reasons[0])] += 1
        elif texts[pair.first] == texts[pair.second]:
            left_out["the same text"] += 1
        else:
            kept.append(pair)
    return kept, left_out


def _neighbours(
    issues: Issues, texts: Texts, anchors: Sequence[int], settings: BuildSettings, reporter: Reporter
) -> dict[str, Mapping[int, list[int]]]:
    finders: dict[str, Nearest] = {"bm25": by_bm25}
    if "dense" in settings.shares:
        if settings.dense is None:
            raise GisError("dense neighbours need an encoder: add --dense MODEL")
        model = load_model(settings.dense, LoadSettings())
        if not isinstance(model, Encoder):
            raise GisError(f"{settings.dense} has no vectors; --dense takes an encoder")
        finders["dense"] = by_encoder(model.encode)
    return {
        stratum: neighbours(issues, texts, anchors, nearest, f"{stratum} neighbours", reporter)
        for stratum, nearest in finders.items()
        if stratum in settings.shares
    }


def _configs(
    positives: Sequence[Pair],
    units: DisjointSets,
    members: Sequence[int],
    pool: Pool,
    settings: BuildSettings,
    reporter: Reporter,
) -> dict[str, _Config]:
    """The ways of splitting that leave no split empty; the one by cluster must be among them."""
    issues, seed = pool.issues, settings.seed
    assignments: dict[str, Callable[[], Assignment]] = {
        "default": lambda: by_cluster(positives, units, seed),
        "repository": lambda: by_repository(positives, units, issues, seed),
        "time": lambda: by_time(positives, units, issues),
    }
    found: dict[str, _Config] = {}
    for name, assign in assignments.items():
        assignment, config = assign(), None
        if all(assignment.pairs.values()):
            config = _config(name, assignment, members, pool, settings, reporter)
        if config is not None and all(any(pair.label for pair in config.splits[split]) for split in SPLITS):
            found[name] = config
        elif name == "default":
            count = len({pair.cluster for pair in positives})
            raise GisError(f"a split would be empty: {count} clusters are too few for three splits; collect more")
        else:
            reporter.say(f"no config '{name}': a split of it would be empty")
    return found


def _config(
    name: str,
    assignment: Assignment,
    members: Sequence[int],
    pool: Pool,
    settings: BuildSettings,
    reporter: Reporter,
) -> _Config:
    """Draw the negatives of one config, take out near-duplicates across splits, and look for leaks."""
    negatives, counts = draw_negatives(pool, assignment, settings.shares, settings.ratio, settings.seed)
    drawn = {split: [*assignment.pairs[split], *negatives[split]] for split in SPLITS}
    used = {n for pairs in drawn.values() for pair in pairs for n in (pair.first, pair.second)}
    near = near_duplicates(used.union(members), pool.sketches)
    kept, gone = without_near_duplicates(drawn, near)
    rng = np.random.default_rng(settings.seed)
    splits = {split: [kept[split][n] for n in rng.permutation(len(kept[split]))] for split in SPLITS}
    leaks = find_leaks(splits, near, pool.clusters.groups)
    if leaks:
        raise GisError(f"{name}: splits share what they must not: {leaks}; please report this")
    for stratum in settings.shares:
        wanted = sum(counts[split, stratum][0] for split in SPLITS)
        there = sum(counts[split, stratum][1] for split in SPLITS)
        if there < wanted:
            reporter.warn(f"{name}: {there:,} of {wanted:,} negatives of the stratum {stratum} were to be had")
    return _Config(splits, near, ConfigReport(_counted(splits), counts, gone, assignment.dropped, leaks))


def _counted(splits: Mapping[Split, Sequence[Pair]]) -> dict[tuple[Split, str], int]:
    return {
        (split, stratum): count
        for split in SPLITS
        for stratum, count in sorted(Counter(pair.stratum for pair in splits[split]).items())
    }
