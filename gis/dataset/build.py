"""Building a dataset: from a store to a dataset folder that is written whole or not at all."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import Issues, load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.called import called_duplicates
from gis.dataset.labels.citations import find_citations
from gis.dataset.labels.clusters import Clusters, PairKey, find_clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.judged import Judgements, read_judged
from gis.dataset.labels.policy import Policy, label_of, read_policy
from gis.dataset.output.archives import archives_of
from gis.dataset.output.baselines import baselines
from gis.dataset.output.describe import describe
from gis.dataset.output.manifest import foreign_files
from gis.dataset.output.report import Report, lengths, links_across_splits
from gis.dataset.output.writer import Writer
from gis.dataset.pairs.configs import Config, make_configs
from gis.dataset.pairs.leaks import find_leaks, random_split
from gis.dataset.pairs.negatives import NegativeSampler, ties_of
from gis.dataset.pairs.neighbours import Search, by_bm25, by_encoder, find_neighbours
from gis.dataset.pairs.positives import Positives, find_positives
from gis.dataset.pairs.retrieval import make_queries
from gis.dataset.settings import BuildSettings
from gis.dataset.texts.texts import Texts, make_texts
from gis.errors import GisError, UsageError
from gis.models.base import Encoder, LoadSettings
from gis.models.registry import adapter_of, load_model
from gis.near_duplicates import Sketches
from gis.replacing import new_folder, recover_folder
from gis.spec import Spec


def build(
    store: Path, output: Path, settings: BuildSettings, *, reporter: Reporter = QUIET, force: bool = False
) -> Report:
    """Build a dataset folder.

    Args:
        store: The store that ``collect`` filled.
        output: The folder to create. It is written whole or not at all.
        settings: How to build it; ``BuildSettings.from_recipe()`` gives the defaults.
        reporter: Shows progress and warnings.
        force: Replace a folder that an earlier build created.

    Returns:
        The numbers of the build; the card shows them.

    Raises:
        UsageError: The encoder for dense negatives is unknown.
        GisError: The store has no issues or no duplicates, there are too few clusters for the splits, or the
            folder exists.
    """
    _check_output(output, force=force)
    if settings.dense is not None:
        adapter_of(settings.dense)  # a misspelt name is an error now, not after minutes
    with new_folder(output) as folder, Store(store, until=settings.until) as opened:
        return _build(opened, folder, settings, reporter)


def _check_output(output: Path, *, force: bool) -> None:
    recover_folder(output)  # a build that was killed may have moved aside what must not be replaced unasked
    if output.exists() and not force:
        raise GisError(f"{output} exists", remedy="choose a different --output, or replace it with --force")
    if output.exists() and (others := foreign_files(output)):
        raise GisError(
            f"{output} contains {others[0]}, which gis build did not create",
            remedy="move it away, or choose a different --output",
        )


@dataclass(frozen=True)
class Labels:
    """The issues of a store, and which of them are duplicates by which evidence."""

    issues: Issues
    policy: Policy
    policy_text: str | None
    evidence: list[Evidence]
    clusters: Clusters


def _build(store: Store, folder: Path, settings: BuildSettings, reporter: Reporter) -> Report:
    """Run the stages: issues ▸ labels ▸ texts ▸ pairs ▸ output."""
    judged = read_judged(settings.judged) if settings.judged else None
    labels = label_issues(store, settings.policy, reporter, judged=judged)
    _check_labels(store, labels, settings, reporter)
    citations = find_citations(store, labels.issues)
    partners = partners_of(labels.clusters, citations.pairs)
    with make_texts(store, labels.issues, partners, settings.text, reporter=reporter) as texts:
        positives = find_positives(labels.clusters.clusters, texts, settings.closure)
        sampler = NegativeSampler(
            issues=labels.issues,
            texts=texts,
            usable=_usable(store, labels, texts),
            clusters=labels.clusters,
            ties=ties_of(labels.evidence),
            sketches=Sketches(texts.__getitem__),
            citations=citations,
            neighbours=_find_neighbours(labels.issues, texts, positives, settings, reporter),
            match=settings.match,
        )
        configs = make_configs(positives.pairs, sampler, settings, reporter=reporter)
        report = _report(store, labels, texts, positives, configs, sampler, settings, judged)
        if judged is not None:
            reporter.say(f"{report.judged:,} positive pairs rest on comments that models read")
        rows = _write_tables(folder, labels, texts, configs, settings)
        describe(
            folder,
            store=store,
            report=report,
            settings=settings,
            policy_text=labels.policy_text,
            issues=labels.issues,
            templates=texts.templates,
            rows=rows,
            judged=judged,
        )
    return report


def label_issues(
    store: Store, policy_file: Path | None, reporter: Reporter, *, judged: Judgements | None = None
) -> Labels:
    """Return the issues of a store with all evidence, and the clusters that a policy makes of it.

    Args:
        store: The store.
        policy_file: TOML file that changes which evidence counts, or None.
        reporter: Says what was read.
        judged: What models read in comments that no pattern reads, or None.

    Raises:
        GisError: The store has no issues.
    """
    policy, policy_text = read_policy(policy_file)
    reporter.say(f"reading {store.path}")
    issues = load_issues(store)
    if not len(issues):
        raise GisError(
            f"{store.path} contains no issues", remedy=f"run gis collect --repo OWNER/NAME --store {store.path}"
        )
    repositories = len(issues.names.repositories)
    reporter.say(f"{len(issues):,} issues of {repositories} {'repository' if repositories == 1 else 'repositories'}")
    evidence = find_evidence(store, issues, judged)
    clusters = find_clusters(evidence, issues, policy)
    reporter.say(f"{len(evidence):,} pieces of evidence, {len(clusters.clusters):,} clusters of duplicates")
    return Labels(issues, policy, policy_text, evidence, clusters)


def _check_labels(store: Store, labels: Labels, settings: BuildSettings, reporter: Reporter) -> None:
    """Refuse a store without duplicates, and name the issues that were to be left out and are not in it."""
    for name in settings.text.removed:
        if labels.issues.position_of_name(name) is None:
            reporter.warn(f"{name} was to be left out, but is not in the store")
    if not labels.clusters.clusters:
        raise GisError(
            f"{store.path}: no duplicates: {len(labels.evidence):,} pieces of evidence, none of which counts as a "
            "ruling between collected issues",
            remedy="collect more issues, or change what counts with --policy",
        )


def partners_of(clusters: Clusters, citations: Iterable[PairKey]) -> dict[int, set[int]]:
    """Return, by position, the issues that one may be paired with because of what people wrote."""
    partners = {issue: set(related) for issue, related in clusters.related.items()}
    for issue, cluster in clusters.of.items():
        partners.setdefault(issue, set()).update(cluster.members)
    for one, other in citations:
        partners.setdefault(one, set()).add(other)
        partners.setdefault(other, set()).add(one)
    return partners


def _usable(store: Store, labels: Labels, texts: Texts) -> NDArray[np.bool_]:
    """Return which issues may be in a negative pair: not those marked as duplicates of an unknown issue."""
    usable = texts.kept.copy()
    usable[sorted(called_duplicates(store, labels.issues) - labels.clusters.of.keys())] = False
    return usable


def _find_neighbours(
    issues: Issues, texts: Texts, positives: Positives, settings: BuildSettings, reporter: Reporter
) -> dict[str, Mapping[int, list[int]]]:
    searches: dict[str, Search] = {}
    if "bm25" in settings.shares:
        searches["bm25"] = by_bm25
    if "dense" in settings.shares and settings.dense is not None:
        searches["dense"] = by_encoder(load_encoder(settings.dense).encode)
    anchors = sorted({issue for pair in positives.pairs for issue in pair.issues})
    return {
        stratum: find_neighbours(issues, texts, anchors, search, name=f"{stratum} neighbours", reporter=reporter)
        for stratum, search in searches.items()
    }


def load_encoder(spec: Spec) -> Encoder:
    """Load the model that finds neighbours.

    Raises:
        UsageError: It has no embeddings.
    """
    model = load_model(spec, LoadSettings())
    if not isinstance(model, Encoder):
        raise UsageError(f"{spec} has no embeddings", remedy="choose an encoder for --dense")
    return model


def _write_tables(
    folder: Path, labels: Labels, texts: Texts, configs: Mapping[str, Config], settings: BuildSettings
) -> dict[str, int]:
    """Write the Parquet files; return the number of rows of each."""
    issues, clusters, default = labels.issues, labels.clusters, configs["default"]
    writer = Writer(folder, issues, texts, clusters)
    for name, config in configs.items():
        writer.pairs(name, config.splits)
    writer.positives(default.splits)
    writer.ids(default.splits)
    writer.evidence(labels.evidence, lambda evidence: label_of(evidence, labels.policy))
    if settings.retrieval:
        queries = make_queries(
            clusters.clusters, default.splits, default.near, created=issues.created, has_text=texts.kept
        )
        writer.retrieval(queries)
    return writer.rows


def _report(
    store: Store,
    labels: Labels,
    texts: Texts,
    positives: Positives,
    configs: Mapping[str, Config],
    sampler: NegativeSampler,
    settings: BuildSettings,
    judged: Judgements | None,
) -> Report:
    issues, evidence, clusters = labels.issues, labels.evidence, labels.clusters
    splits = configs["default"].splits
    return Report(
        repositories=issues.names.repositories,
        issues=len(issues),
        texts=texts.counts(),
        traces=Counter((each.tier, each.actor, label_of(each, labels.policy)) for each in evidence),
        withdrawn=Counter(each.withdrawn_reason for each in evidence if each.withdrawn_reason),
        uncollected=clusters.uncollected,
        held_back=len(clusters.held_back),
        unsettled=sampler.count_unsettled(),
        direct=sum(len(cluster.direct) for cluster in clusters.clusters),
        clusters=Counter(len(cluster.members) for cluster in clusters.clusters),
        positives=len(positives.pairs),
        positives_left_out=positives.left_out,
        judged_by=() if judged is None else judged.models,
        judged=sum(pair.evidence is not None and pair.evidence.tier == "judged" for pair in positives.pairs),
        redacted=texts.redacted,
        sentences=texts.sentences,
        template_lines=texts.template_lines,
        configs={name: config.report for name, config in configs.items()},
        related_across_splits={
            name: links_across_splits(config.splits, clusters.related) for name, config in configs.items()
        },
        random_split=find_leaks(
            random_split(positives.pairs, settings.share_of_split, settings.seed), (), clusters.groups
        ),
        lengths=lengths(splits, texts.chars),
        baselines=baselines(splits.get("test", ()), lambda issue: texts[issue]),
        as_written=int(texts.as_written.sum()),
        archives=archives_of(store),
    )
