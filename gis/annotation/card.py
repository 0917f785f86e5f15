"""The card of an annotation: who graded, by which prompt, how far they agree, and what people say of the scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCardData

from gis.annotation.bands import BAND_TITLES, RIGHT, band_cells, bands
from gis.annotation.report import Report
from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.markdown import escape, table


def make_card(split: str, name: str, report: Report, settings: Mapping[str, Any]) -> str:
    """Return the card of an annotation.

    Args:
        split: The split of its pairs.
        name: The file of its pairs.
        report: Its report.
        settings: What its manifest says of prompt, pairs and annotators.
    """
    prompt = settings["prompt"]
    origin = (
        "The scores, 0 to 5, were given by models, not by people. `levels` holds the probability of each level before "
        "any calibration, `order_gap` the difference in level when the texts change places, `spread` the standard "
        f"deviation between annotators, `weight` how much `gis train` lets the pair count: 1 / (1 + (order_gap / 2)² + "
        f"spread²). Their guidelines are the prompt {escape(prompt['name'])}, which has the hash "
        f"{prompt['sha256']}.\n"
    )
    return _card(split, name, "graded-by-models", report.to_markdown(), settings, origin)


def generated_card(split: str, report: str, settings: Mapping[str, Any]) -> str:
    """Return the card of generated pairs.

    Args:
        split: The split of the pairs.
        report: Their report.
        settings: What their manifest says of prompt, texts and models.
    """
    prompt = settings["prompt"]
    origin = (
        "`text2` was written by the models named in `models`, to say the same as `text1` (`score` 1) or something else "
        f"(0); nobody has checked it. The prompt {escape(prompt['name'])} has the hash {prompt['sha256']}.\n"
    )
    return _card(split, f"{split}.jsonl", "written-by-models", report, settings, origin)


def _card(split: str, name: str, tag: str, report: str, settings: Mapping[str, Any], origin: str) -> str:
    data = DatasetCardData(
        task_categories=["sentence-similarity"],
        tags=["gis", tag],
        configs=[{"config_name": "default", "data_files": [{"split": split, "path": name}]}],
    )
    head = ("annotator", "kind", "model", "answers name it", "protocol")
    annotators = table(head, map(_annotator, *zip(*settings["annotators"].items(), strict=True)), align=("left",) * 5)
    return f"---\n{data.to_yaml()}\n---\n\n{report}\n## Annotators\n\n{annotators}\n{origin}"


def _annotator(name: str, settings: Mapping[str, Any]) -> Sequence[str]:
    served_by = ", ".join(settings["served_by"])
    cells = (name, settings["kind"], settings["model"], served_by, settings.get("protocol") or "")
    return [escape(cell) or "–" for cell in cells]


def reviewed(folder: Path) -> str:
    """Return what a card says of the answers of people in the folder of an annotation.

    Raises:
        GisError: The pairs or the answers are broken.
    """
    pairs = load_scored(folder)
    reviews = Reviews(folder / REVIEW, pairs)
    title = "## Checked by people\n\n"
    answered, reviewers, conflicts = reviews.verdicts(), len(reviews.by_reviewer), len(reviews.conflicts())
    if not answered:
        return f"{title}No pair was reviewed by a person.\n"
    people = "one person" if reviewers == 1 else f"{reviewers} people, who disagree on {conflicts:,} of them"
    counted = f"{len(answered):,} of {len(pairs):,} pairs were reviewed by {people}, without a look at the scores.\n"
    return f"{title}{counted}\n{table(BAND_TITLES, map(band_cells, bands(pairs, reviews)))}\n{RIGHT}\n"
