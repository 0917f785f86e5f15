"""The dataset card, written from a template and the numbers of the build."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCard, DatasetCardData

from gis.benchmark.tasks.manifest import MANIFEST
from gis.citation import ANGLE_BIBTEX
from gis.dataset.labels.evidence import TIERS
from gis.dataset.output.layout import CONFIGS, CROISSANT, IDS_CARD, WITHOUT_TEXTS
from gis.dataset.output.report import Report
from gis.dataset.pairs.configs import ConfigReport
from gis.dataset.pairs.positives import POSITIVE_STRATA
from gis.dataset.settings import SPLITS, BuildSettings
from gis.hashes import SHORT_HASH
from gis.hub import CARD
from gis.markdown import escape, table
from gis.replacing import write_text
from gis.statistics.intervals import Interval, chance_interval
from gis.statistics.metrics import Metric, Undefined

TEMPLATE = Path(__file__).with_name("dataset_card.md.jinja")
LICENSE_LINK = "https://docs.github.com/en/site-policy/github-terms/github-terms-of-service#d-user-generated-content"
LICENSE: Mapping[str, Any] = {
    "license": "other",
    "license_name": "texts-belong-to-their-authors",
    "license_link": LICENSE_LINK,
}
SIZE_CATEGORIES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
LARGEST_SIZE_CATEGORY = "n>1M"
# Where the examples of a card name the dataset.
NAME = re.compile(r'(?<=load_dataset\(")[^"]*(?=")|(?<=`gis hydrate )\S+(?= --)|(?<=`gis bench --task )\S+(?= --)')

TIER_SUMMARIES = {
    "structured": 'a mark of GitHub itself: a duplicate event, or "closed as duplicate of"',
    "import_status": 'the status of an imported issue: "Merged into issue #N"',
    "slash_command": '"/duplicate #N"',
    "whole_comment": 'a comment that says this and nothing else: "Duplicate of #N"',
    "inside_comment": "the same within a longer comment",
    "label_with_target": "a label or state that means duplicate, and last comments that name one issue",
    "settled_suggestion": '"possibly a duplicate of #N", then closed within a week or agreed to',
    "prompted": "any of these, by a person, after a machine had named the pair",
    "reviewed": "a person called the issues duplicates in a review of labels",
    "judged": "a comment that no pattern reads, and that models read as a ruling",
    "suggestion": '"possibly a duplicate of #N", without consequence',
    "related": '"in favour of", "same as", "tracked in #N"',
}
STRATUM_SUMMARIES = {
    "random": "any issue of the repository",
    "same_label": "an issue with the anchor's rarest label",
    "same_author": "an issue by the same author",
    "cross_referenced": "one issue cites the other, and nothing says that they are duplicates",
    "bm25": "similar by BM25: ranks 6 to 50",
    "dense": "similar by an encoder: ranks 6 to 50",
}
REASONS = {
    "empty": "no text",
    "short": "too few words",
    "long": "too long",
    "language": "in another language",
    "removed": "removed on request",
}
REDACTIONS = {
    "email": ("e-mail addresses", "`[email]`"),
    "home": ("user names in the paths of home folders", "`user`"),
    "host": ("host names in what `uname -a` prints", "`host`"),
    "ip": ("IP addresses", "`[ip]`"),
    "key": ("private keys", "`[key]`"),
    "mention": ("mentions (`@name`) and addresses of profiles", "`@mention`, `user`"),
    "phone": ("phone numbers", "`[phone]`"),
    "prompt": ("user and host names in shell prompts (`name@machine:~$`)", "`user@host`"),
    "token": ("access tokens, passwords and cookies", "`[token]`"),
}
FORMS = {"markdown": "Markdown", "plain": "plain text without markup", "html": "the HTML that GitHub shows"}


def write_cards(
    folder: Path, *, name: str, report: Report, settings: BuildSettings, rows: Mapping[str, int], identity: str
) -> None:
    """Write the card of a dataset folder, and that of its copy without texts.

    Args:
        folder: The dataset folder.
        name: What ``load_dataset`` opens: the folder's name, until the dataset is published.
        report: The numbers of the build.
        settings: The settings of the build.
        rows: Rows by the path of each file.
        identity: The dataset's identity.
    """
    for path, configs in ((CARD, CONFIGS.keys()), (IDS_CARD, WITHOUT_TEXTS)):
        write_text(folder / path, f"{_make_card(name, report, settings, rows, identity, configs)}\n")


def with_name(card: str, name: str) -> str:
    """Return a card whose examples open the dataset under another name."""
    return NAME.sub(lambda _: name, card)


def title_of(report: Report) -> str:
    """Return the title of a dataset."""
    names = report.repositories
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"GitHub issue similarity: {', '.join(names[:3])}{more}"


def _make_card(
    name: str,
    report: Report,
    settings: BuildSettings,
    rows: Mapping[str, int],
    identity: str,
    configs: Collection[str],
) -> DatasetCard:
    existing = {config: files for config in CONFIGS if config in configs and (files := CONFIGS[config].files(rows))}
    first = "default" if "default" in existing else "ids"
    card: DatasetCard = DatasetCard.from_template(
        _card_data(report, settings, existing, first),
        template_path=str(TEMPLATE),
        title=escape(title_of(report)),
        name=name,
        without_texts="default" not in existing,
        configs_table=_configs_table(existing, rows),
        examples=_examples(name, existing, first),
        identity=identity[:SHORT_HASH],
        bibtex=ANGLE_BIBTEX,
        manifest=MANIFEST,
        croissant=CROISSANT,
        **_numbers(report, settings),
    )
    return card


def _numbers(report: Report, settings: BuildSettings) -> dict[str, Any]:
    """Return what the template shows of the build, whichever configs the card lists."""
    default = report.configs["default"]
    return {
        "pairs": f"{report.pairs:,}",
        "positives": f"{default.count(*POSITIVE_STRATA):,}",
        "transitive": default.count("closure"),
        "issues": f"{report.issues:,}",
        "repositories": "one repository"
        if len(report.repositories) == 1
        else f"{len(report.repositories):,} repositories",
        "funnel_table": _funnel_table(report),
        "clusters": f"{report.clusters.total():,}",
        "cluster_sizes": ", ".join(f"{count:,} of {size}" for size, count in sorted(report.clusters.items())),
        "evidence_table": _evidence_table(report) + _judged(report),
        "withdrawn": ", ".join(f"{n:,} ({reason})" for reason, n in sorted(report.withdrawn.items())) or "none",
        "uncollected": f"{report.uncollected:,}",
        "held_back": f"{report.held_back:,}",
        "unsettled": f"{report.unsettled:,}",
        "match": settings.match,
        "negatives_table": _negatives_table(default),
        "lengths_table": _lengths_table(report),
        "leaks_table": _leaks_table(report),
        "random_pairs": f"{report.random_split.test_pairs:.0%}",
        "related_across": ", ".join(f"{n:,} in `{config}`" for config, n in report.related_across_splits.items()),
        "baselines_table": _baselines_table(report),
        "auroc_table": _auroc_table(report),
        "archives": [escape(sentence) for sentence in report.archives],
        "form": FORMS[settings.text.form],
        "as_written": f"{report.as_written:,}",
        "template_lines": f"{report.template_lines:,}",
        "sentences": f"{report.sentences:,}",
        "redactions_table": _redactions_table(report),
    }


def _card_data(
    report: Report, settings: BuildSettings, existing: Mapping[str, Mapping[str, str]], first: str
) -> DatasetCardData:
    category = next((name for limit, name in SIZE_CATEGORIES.items() if report.pairs < limit), LARGEST_SIZE_CATEGORY)
    configs: list[dict[str, Any]] = []
    for name, files in existing.items():
        data_files = [{"split": split, "path": path} for split, path in files.items()]
        configs.append({"config_name": name, "data_files": data_files, **({"default": True} if name == first else {})})
    return DatasetCardData(
        pretty_name=title_of(report),
        **LICENSE,
        task_categories=["sentence-similarity", "text-retrieval"],
        language=list(settings.text.languages) or None,
        size_categories=[category],
        tags=["github-issues", "duplicate-detection", "long-text", "gis"],
        configs=configs,
    )


def _configs_table(existing: Mapping[str, Mapping[str, str]], rows: Mapping[str, int]) -> str:
    lines = []
    for name, files in existing.items():
        if len(files) == 1:
            sizes = [f"{rows[path]:,} rows" for path in files.values()] + ["", ""]
        else:
            sizes = [f"{rows[files[split]]:,}" if split in files else "–" for split in SPLITS]
        lines.append([f"`{name}`", CONFIGS[name].summary, *sizes])
    return table(["config", "contents", *SPLITS], lines, align=("left", "left", "right", "right", "right"))


def _examples(name: str, existing: Mapping[str, Mapping[str, str]], first: str) -> list[str]:
    comments = {
        "default": "text1, text2, label, and where the pair comes from",
        "positive": "anchor, positive",
        "ids": "the issues of each pair, the label, and the hash of each text",
        "evidence": "all evidence, accepted or not",
    }
    shown = [config for config in comments if config in existing and config in (first, "positive", "evidence")]
    arguments = {config: f'"{name}"' if config == first else f'"{name}", "{config}"' for config in shown}
    return [f"load_dataset({arguments[config]})  # {comments[config]}" for config in shown]


def _funnel_table(report: Report) -> str:
    accepted = sum(n for (_, _, label), n in report.traces.items() if label in ("positive", "train"))
    repeated = accepted - report.uncollected - report.held_back - report.direct
    near = report.configs["default"].near
    transitive = report.positives + sum(report.positives_left_out.values()) - report.direct
    steps = [
        ("issues in the store", report.issues),
        *_removed((REASONS.get(reason, reason), n) for reason, n in report.texts.items() if reason != "kept"),
        ("issues with a text", report.texts["kept"]),
        ("pieces of evidence", sum(report.traces.values())),
        ("accepted as rulings", accepted),
        *_removed(
            [
                ("the target was not collected", report.uncollected),
                ("another ruling on the same pair", repeated),
                ("would alone join two large clusters", report.held_back),
            ]
        ),
        ("pairs with a ruling", report.direct),
        *([("transitive pairs: they follow from two or more rulings", transitive)] if transitive else []),
        *_removed((REASONS.get(reason, reason), n) for reason, n in report.positives_left_out.items()),
        ("duplicate pairs with texts", report.positives),
        *_removed([("too similar to a text of a later split", near)]),
        ("pairs in `default`, negatives included", report.pairs),
    ]
    return table(["step", "count"], [[step, f"{count:,}"] for step, count in steps])


def _removed(reasons: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(f"– {reason}", -count) for reason, count in reasons if count]


def _evidence_table(report: Report) -> str:
    lines = [
        [f"`{tier}`", TIER_SUMMARIES[tier], actor, f"`{label}`", f"{count:,}"]
        for tier in TIERS
        for (of_tier, actor, label), count in sorted(report.traces.items())
        if of_tier == tier
    ]
    head = ["tier", "what", "actor", "counts as", "count"]
    return table(head, lines, align=("left", "left", "left", "left", "right"))


def _judged(report: Report) -> str:
    """Return what the card says of comments that models read; nothing where none did."""
    if not report.judged_by:
        return ""
    share = report.judged / report.positives
    models = ", ".join(map(escape, report.judged_by))
    return (
        f"\n\n{report.judged:,} of the {report.positives:,} positive pairs ({share:.1%}) rest on comments that "
        f"{models} read as rulings: people wrote them, and nobody has checked how they were read. Such pairs are in "
        "train only, unless a policy of your own says otherwise."
    )


def _negatives_table(config: ConfigReport) -> str:
    requested = {(count.split, count.stratum): count.requested for count in config.negatives}
    strata = dict.fromkeys(count.stratum for count in config.negatives)
    lines = [
        [f"`{stratum}`", STRATUM_SUMMARIES[stratum]]
        + [
            f"{config.count(stratum, split=split):,} of {requested[split, stratum]:,}"
            if (split, stratum) in requested
            else "–"
            for split in SPLITS
        ]
        for stratum in strata
    ]
    return table(["stratum", "issues paired", *SPLITS], lines, align=("left", "left", "right", "right", "right"))


def _lengths_table(report: Report) -> str:
    lines = [
        [split, "duplicates" if label else "negatives", f"{x.mean:,.0f}", f"{x.median:,.0f}", f"{x.difference:,.0f}"]
        for (split, label), x in report.lengths.items()
    ]
    head = ["split", "pairs", "mean", "median", "median difference within a pair"]
    return table(head, lines, align=("left", "left", "right", "right", "right"))


def _leaks_table(report: Report) -> str:
    lines = []
    for name, config in report.configs.items():
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in config.dropped.items() if count) or "–"
        shared = (config.leaks.issues, config.leaks.clusters, config.leaks.near_duplicates)
        lines.append([f"`{name}`", *map(str, shared), f"{config.near:,}", left_out])
    random_split = report.random_split
    lines.append(["random, for comparison", f"{random_split.issues:,}", f"{random_split.clusters:,}", "–", "–", "–"])
    head = [
        "config",
        "issues",
        "clusters",
        "near-duplicate texts",
        "pairs removed for their text",
        "duplicate pairs that fit no split",
    ]
    return table(head, lines)


def _baselines_table(report: Report) -> str:
    """Return the table of the baselines' Spearman with intervals; "" where nothing could be scored."""
    if not report.baselines:
        return ""
    views = next(iter(report.baselines.values())).views
    lines = [
        [
            f"`{name}`",
            *(_score(view.spearman, view.interval, 100) for view in scores.views),
            _score(scores.main, scores.main_interval, 100),
        ]
        for name, scores in report.baselines.items()
    ]
    ceilings = [_score(view.binary.spearman_ceiling if view.binary else None, None, 100) for view in views]
    return table(["model", *(view.view for view in views), "mean"], [*lines, ["perfect ranking", *ceilings, ""]])


def _auroc_table(report: Report) -> str:
    """Return the table of the baselines' AUROC with intervals, and what a guess comes to; "" without scores."""
    if not report.baselines:
        return ""
    views = next(iter(report.baselines.values())).views
    lines = [
        [f"`{name}`", *(_score(b.auroc, b.auroc_interval) if (b := view.binary) else "–" for view in scores.views)]
        for name, scores in report.baselines.items()
    ]
    counts = [(view.binary.positives, view.pairs - view.binary.positives) if view.binary else (0, 0) for view in views]
    chance = [_range(chance_interval(*count)) if all(count) else "–" for count in counts]
    pairs = [f"{positives:,} and {negatives:,}" for positives, negatives in counts]
    return table(
        ["model", *(view.view for view in views)],
        [*lines, ["a guess", *chance], ["duplicate pairs and negatives", *pairs]],
    )


def _score(value: Metric | None, interval: Interval | None, scale: int = 1) -> str:
    """Return a score with its interval: "69.08 [66.50, 71.51]"."""
    if value is None or isinstance(value, Undefined):
        return "–"
    return f"{scale * value:.2f}" + ("" if interval is None else f" {_range(interval, scale)}")


def _range(interval: Interval, scale: int = 1) -> str:
    return f"[{scale * interval.low:.2f}, {scale * interval.high:.2f}]"


def _redactions_table(report: Report) -> str:
    lines = [
        [*REDACTIONS.get(kind, (escape(kind), "")), f"{count:,}"] for kind, count in sorted(report.redacted.items())
    ]
    return table(["what", "placeholder", "count"], lines, align=("left", "left", "right"))
