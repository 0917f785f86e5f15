"""The dataset card and the manifest, written from the numbers of the build."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gis.benchmark.metrics import Undefined
from gis.dataset.labels.evidence import TIERS
from gis.dataset.output.manifest import MANIFEST
from gis.dataset.output.report import Report
from gis.dataset.pairs.configs import ConfigReport
from gis.dataset.pairs.splits import SPLITS
from gis.dataset.settings import BuildSettings
from gis.files import write_text

CONFIGS = {
    "default": "pairs with a label, split by cluster",
    "positive": "the duplicates alone: anchor, positive",
    "repository": "pairs with a label, split by repository",
    "time": "pairs with a label, split by time",
    "ids": "the pairs of `default` without their texts, for `gis hydrate`",
    "evidence": "every trace that two issues are duplicates",
    "retrieval-corpus": "all issues that have a text",
    "retrieval-queries": "issues to find the duplicates of: all but the first of a cluster",
    "retrieval-qrels": "which those are; a query stands in the corpus, too: leave out what has its own id",
}
TIERS_SAY = {
    "structured": "GitHub's own mark: a duplicate event, or closed as duplicate of",
    "import_status": "a tracker's status carried over: Merged into issue #N",
    "slash_command": "/duplicate #N",
    "whole_comment": "a comment that says this and nothing else: Duplicate of #N",
    "inside_comment": "the same inside a longer comment",
    "label_with_target": "a label or state says duplicate, and the last comments name one issue",
    "settled_suggestion": "possibly a duplicate of #N, and the issue was closed within a week or somebody agreed",
    "suggestion": "possibly a duplicate of #N, and nothing came of it",
    "related": "in favour of, same as, tracked in #N",
}


def write_card(folder: Path, report: Report, settings: BuildSettings, rows: Mapping[str, int]) -> None:
    """Write README.md."""
    head = yaml.safe_dump(_metadata(report, settings, rows), sort_keys=False, allow_unicode=True)
    write_text(folder / "README.md", f"---\n{head}---\n\n{_body(report, settings, rows)}")


def _metadata(report: Report, settings: BuildSettings, rows: Mapping[str, int]) -> dict[str, Any]:
    configs = []
    for name in CONFIGS:
        files = _files_of(name, rows)
        if files:
            configs.append(
                {"config_name": name, "data_files": files} | ({"default": True} if name == "default" else {})
            )
    size = next(text for limit, text in SIZES if report.pairs < limit)
    return {
        "pretty_name": f"GitHub issue similarity: {_some(report.repositories)}",
        "license": "other",
        "license_name": "texts-belong-to-their-authors",
        "task_categories": ["sentence-similarity", "text-retrieval"],
        **({"language": list(settings.text.languages)} if settings.text.languages else {}),
        "size_categories": [size],
        "tags": ["github-issues", "duplicate-detection", "long-text", "gis"],
        "configs": configs,
    }


SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**12, "n>1M"))


def _files_of(config: str, rows: Mapping[str, int]) -> list[dict[str, str]]:
    folder = {"default": "data"}.get(config, config)
    if config == "evidence":
        return [{"split": "train", "path": name} for name in rows if name.startswith("evidence/")]
    if config == "retrieval-corpus":
        return [{"split": "corpus", "path": name} for name in rows if name == "retrieval/corpus.parquet"]
    start = config.replace("-", "/") + "-" if config.startswith("retrieval-") else f"{folder}/"
    return [{"split": split, "path": name} for split in SPLITS for name in rows if name.startswith(f"{start}{split}")]


def _body(report: Report, settings: BuildSettings, rows: Mapping[str, int]) -> str:
    default = report.configs["default"]
    positives = default.count("direct", "closure")
    total = default.count()
    parts = [
        f"# GitHub issue similarity: {_some(report.repositories)}",
        f"{total:,} pairs of GitHub issues, {positives:,} of them duplicates{_by_whom(default)}, from "
        f"{report.issues:,} issues of {len(report.repositories)} "
        f"{'repository' if len(report.repositories) == 1 else 'repositories'}. Every label names its evidence; no "
        "issue, "
        "no cluster of duplicates and no nearly identical text is in two splits.",
        "## What is in it",
        _table(
            ["config", "what", "train", "valid", "test"],
            [[f"`{name}`", what, *_sizes(name, rows)] for name, what in CONFIGS.items() if _files_of(name, rows)],
        ),
        "```python\nfrom datasets import load_dataset\n\n"
        'load_dataset("…")                 # text1, text2, label, and where each pair comes from\n'
        'load_dataset("…", "positive")     # anchor, positive\n```',
        "`gis bench --task FOLDER --model minilm` scores a model, once for each stratum of negatives.",
        "## From issues to pairs",
        _funnel(report),
        "## Whose word a label is",
        "The actor is who said it: a person, a bot, or a bot that put it as a guess. `positive` counts in every split, "
        "`train` only there, `related` makes no pair and no negative.",
        _traces(report),
        "Withdrawn later (unmarked, reopened, taken back, or still open), so only related: "
        f"{_counts(report.withdrawn)}. "
        f"Counted, but pointing at issues that were not collected: {report.uncollected:,}. Set aside, as one ruling "
        "alone "
        f"would have joined two large clusters: {report.held_back:,}.",
        f"Clusters by size: {', '.join(f'{count:,} of {size}' for size, count in sorted(report.clusters.items()))}.",
        "## Negatives",
        "Drawn for the duplicates of each split: for an issue of a pair, another issue of the same repository"
        + (", as long as the pair's other issue. " if settings.match else ". ")
        + "None is tied to it by any evidence within two steps.",
        _strata(default),
        _lengths(report),
        "## Splits",
        _leaks(report),
        "## Baselines",
        "Spearman × 100 on the test split of `default`, all duplicates against each stratum of negatives (area under "
        "the ROC curve in brackets). The last row is what no score without ties can pass, as labels are yes and no.",
        _baselines(report),
        "## Texts",
        f"Title, blank line, body ({settings.text.form}). {report.as_written:,} bodies are as they were first "
        "written, the "
        f"others as they are today (`body_state`). Taken out: {report.template_lines:,} lines of issue templates, "
        f"{report.sentences:,} sentences that state a ruling or cite a possible partner, hidden comments. Replaced: "
        f"{_counts(report.redacted)}.",
        "## Licence and removal",
        "The texts belong to the people who wrote them; GitHub's terms let others read and, for research, collect "
        "public "
        "information. No author is named here, but every row links to its issues. Who finds a text of theirs here "
        "and wants "
        "it removed: open a discussion with the address of the issue; it will be left out of the next build. The "
        "config "
        "`ids` holds no text: `gis hydrate` fetches the texts as they are today, without those deleted since.",
        "## Again",
        "Built by `gis build`; settings, versions and the hash of every file are in "
        f"`{MANIFEST}`. The same store and seed give the same bytes.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_whom(config: ConfigReport) -> str:
    following = config.count("closure")
    return f" by somebody's ruling ({following:,} follow from two or more)" if following else " by somebody's ruling"


def _funnel(report: Report) -> str:
    left_out = {name: count for name, count in report.texts.items() if name != "kept" and count}
    names = {
        "empty": "no text",
        "short": "too few words",
        "long": "too long",
        "language": "in another language",
        "removed": "removed on request",
    }
    steps = [("issues in the store", report.issues)]
    steps += [(f"– {names[name]}", -count) for name, count in left_out.items()]
    steps += [("issues with a text", report.texts["kept"])]
    steps += [("traces of duplicates", sum(report.traces.values()))]
    accepted = sum(n for (_, _, label), n in report.traces.items() if label in ("positive", "train"))
    steps += [("of which count as rulings", accepted)]
    again = accepted - report.uncollected - report.held_back - report.direct
    drops = {
        "of an issue that was not collected": report.uncollected,
        "of a pair that has another": again,
        "that alone would join two large clusters": report.held_back,
    }
    steps += [(f"– {name}", -count) for name, count in drops.items() if count]
    steps += [("pairs that somebody ruled on", report.direct)]
    steps += [("in clusters", sum(report.clusters.values()))]
    steps += [("of issues", sum(size * count for size, count in report.clusters.items()))]
    follow = report.positives + sum(report.positives_left_out.values()) - report.direct
    steps += [("pairs that follow from those", follow)] if follow else []
    steps += [(f"– {names.get(name, name)}", -count) for name, count in report.positives_left_out.items()]
    steps += [("positive pairs with texts", report.positives)]
    near = report.configs["default"].near
    steps += [("– pairs too alike to a text of a later split", -near)] if near else []
    steps += [("pairs in `default`, negatives included", report.pairs)]
    return _table(["step", "count"], [[name, f"{count:,}"] for name, count in steps])


def _traces(report: Report) -> str:
    lines = []
    for tier in TIERS:
        for (found, actor, label), count in sorted(report.traces.items()):
            if found == tier:
                lines.append([f"`{tier}`", TIERS_SAY[tier], actor, label, f"{count:,}"])
    return _table(["tier", "what", "actor", "counts as", "traces"], lines)


def _strata(config: ConfigReport) -> str:
    requested = {(count.split, count.stratum): count.requested for count in config.negatives}
    strata = list(dict.fromkeys(count.stratum for count in config.negatives))
    lines = [
        [f"`{name}`", STRATA_SAY[name]]
        + [f"{config.count(name, split=split):,} of {requested[split, name]:,}" for split in SPLITS]
        for name in strata
    ]
    return _table(["stratum", "what", *(f"{split}: there of asked" for split in SPLITS)], lines)


STRATA_SAY = {
    "random": "any issue of the repository",
    "same_label": "shares its rarest label",
    "same_author": "by the same author",
    "cross_referenced": "one cites the other, and nobody called them duplicates",
    "bm25": "alike by BM25, ranks 6 to 50",
    "dense": "alike by an encoder, ranks 6 to 50",
}


def _lengths(report: Report) -> str:
    lines = [
        [split, "duplicates" if label else "others", f"{x.mean:,.0f}", f"{x.median:,.0f}", f"{x.difference:,.0f}"]
        for (split, label), x in report.lengths.items()
    ]
    return _table(["split", "label", "mean characters", "median", "median difference in a pair"], lines)


def _leaks(report: Report) -> str:
    lines = []
    for name, config in report.configs.items():
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in config.dropped.items() if count) or "–"
        leaks = config.leaks
        lines.append(
            [
                f"`{name}`",
                str(leaks.issues),
                str(leaks.clusters),
                str(leaks.near_duplicates),
                f"{config.near:,}",
                dropped,
            ]
        )
    random = report.random_split
    table = _table(
        [
            "config",
            "issues in two splits",
            "clusters",
            "near-duplicate texts",
            "pairs taken out for that",
            "positives left out",
        ],
        lines,
    )
    return (
        f"{table}\n\nFor comparison, a random split of the same positive pairs: {random.issues:,} issues and "
        f"{random.clusters:,} clusters in two splits; {random.test_pairs:.0%} of its test pairs share an issue with "
        "train."
    )


def _baselines(report: Report) -> str:
    if not report.baselines:
        return "None: the test split holds one label only."
    views = next(iter(report.baselines.values())).views
    lines = []
    for name, scores in report.baselines.items():
        cells = []
        for view in scores.views:
            auc = _number(view.binary.auroc if view.binary else None, "{:.2f}", 1)
            cells.append(f"{_number(view.spearman, '{:.2f}', 100)} ({auc})")
        lines.append([f"`{name}`", *cells, _number(scores.main, "{:.2f}", 100)])
    ceilings = [_number(view.binary.spearman_ceiling if view.binary else None, "{:.2f}", 100) for view in views]
    lines.append(["a perfect ranking", *ceilings, ""])
    return _table(["model", *(view.view for view in views), "mean"], lines)


def _number(value: "float | Undefined | None", form: str, scale: float) -> str:
    return "–" if value is None or isinstance(value, Undefined) else form.format(scale * value)


def _sizes(config: str, rows: Mapping[str, int]) -> list[str]:
    files = _files_of(config, rows)
    if len(files) == 1:
        return [f"{rows[files[0]['path']]:,} rows", "", ""]
    return [f"{sum(rows[each['path']] for each in files if each['split'] == split):,}" for split in SPLITS]


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(found.items())) or "none"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    rule = [
        ":--" if any(line[n][:1].isalpha() or line[n][:1] == "`" for line in cells) else "--:" for n in range(len(head))
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *cells])
