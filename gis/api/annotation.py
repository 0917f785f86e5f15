"""Annotate pairs with models."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from gis.api.arguments import PathLike, as_name, as_path, each_of
from gis.console import QUIET, Reporter
from gis.errors import UsageError, unknown_name
from gis.spec import Spec, parse_spec, parse_specs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis.annotation.asking import Estimate
    from gis.annotation.generate import GenerationReport
    from gis.annotation.report import Report
    from gis.annotation.select import Strategy
    from gis.annotation.session import AnnotationSettings

Kind = Literal["grade", "generate", "rule", "repair"]


def annotate(
    pairs: object,
    models: object,
    *,
    kind: Kind = "grade",
    output: PathLike,
    base_url: str | None = None,
    prompt: str | None = None,
    count: int | None = None,
    gold: object | None = None,
    max_chars: int | None = None,
    prices: PathLike | None = None,
    max_requests: int | None = None,
    max_tokens: int | None = None,
    max_cost: float | None = None,
    in_flight: int = 8,
    data: PathLike | None = None,
    limit: int | None = None,
    strategy: "Strategy" = "random",
    by: object | None = None,
    seed: int = 0,
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    reporter: Reporter = QUIET,
) -> "Report | GenerationReport":
    """Grade the similarity of pairs, 0 to 5, or generate pairs, and write a dataset with these scores.

    Args:
        pairs: A task, a file or folder of pairs, or a Hub dataset; its labels are not read, and of several splits, the
            train split is taken. Or a store, whose most similar issues are paired: "issues.db,neighbours=5".
        models: One annotator or several: models of the server at ``base_url``, or of gis; "openai,model=NAME",
            "replay,path=FILE", "similarity,model=NAME".
        kind: "grade", or "generate": models of servers write texts of the same and of another meaning about the texts
            of ``pairs`` (of its column ``text``, ``anchor`` and ``positive``, or ``text1`` and ``text2``). Or "rule":
            which comments of the store ``pairs`` rule on duplicates in words that no pattern reads; ``build`` takes the
            folder as ``judged``. Or "repair": which labels of ``pairs`` the model ``by`` contradicts, at most ``limit``
            of them, and the annotators too; they are listed for gis review, and the same call after it writes the pairs
            with the labels that people changed to the folder ``mended``.
        output: Folder for the dataset. It keeps every answer, so that the same call continues a run that was stopped.
        base_url: Address of an OpenAI-compatible server.
        prompt: The name of a prompt, or a TOML file with one; None for "sts", "paraphrases" (to generate) or
            "rulings" (to rule).
        count: To generate: how many texts of each meaning are written about a text; None for 2.
        gold: Pairs with people's labels, 0 to 5, found by their ids; or the file of answers of gis review.
        max_chars: Show annotators only head and tail of longer texts.
        prices: TOML or JSON file with what a million tokens cost, sent and received, for each model.
        max_requests: Stop before there are more requests, those for earlier calls on ``output`` included.
        max_tokens: Stop before there are more tokens.
        max_cost: Stop before it costs more.
        in_flight: How many requests may be on their way at once.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        limit: Annotate this many of the pairs.
        strategy: Which: "random"; "uncertain", those whose similarity by the model ``by`` is nearest to the threshold
            that divides all pairs best; or "spread", evenly over the range of similarities.
        by: The model of gis that they are chosen by.
        seed: Seed of the choice.
        device: A torch device, or "auto", for models of gis.
        offline: Never ask the Hub.
        force: Replace an annotation with other settings; its answers are kept.
        reporter: Where progress and warnings go.

    Returns:
        The report: pairs, agreement, and what the answers have cost.

    Raises:
        UsageError: A name or option is wrong.
        GisError: The pairs or the gold labels cannot be used, an annotator failed, or a limit was reached.
    """
    from gis.annotation.annotate import annotate as grade
    from gis.annotation.budget import Limits
    from gis.annotation.generate import generate

    settings = replace(
        _settings(
            kind, models, base_url, prompt, max_chars, prices, data, limit, strategy, by, seed, device, offline=offline
        ),
        gold=None if gold is None else _spec(gold),
        limits=Limits(requests=max_requests, tokens=max_tokens, cost=max_cost),
        in_flight=in_flight,
        force=force,
    )
    source, texts = _spec(pairs), _count(kind, count)
    if kind == "generate":
        return generate(source, Path(output), settings, count=texts, reporter=reporter)
    return grade(source, Path(output), settings, kind=kind, reporter=reporter)


def estimate_annotation(
    pairs: object,
    models: object,
    *,
    kind: Kind = "grade",
    output: PathLike,
    base_url: str | None = None,
    prompt: str | None = None,
    count: int | None = None,
    max_chars: int | None = None,
    prices: PathLike | None = None,
    data: PathLike | None = None,
    limit: int | None = None,
    strategy: "Strategy" = "random",
    by: object | None = None,
    seed: int = 0,
    device: str = "auto",
    offline: bool = False,
) -> "Mapping[str, Estimate]":
    """Return what ``annotate`` would still have to ask, and what that costs; nothing is sent.

    Args:
        pairs: As for ``annotate``.
        models: As for ``annotate``; models of gis cost nothing and are left out.
        kind: As for ``annotate``.
        output: Folder of the annotation, whose answers are not asked for again.
        base_url: Address of an OpenAI-compatible server.
        prompt: The name of a prompt, or a TOML file with one; None for "sts", "paraphrases" (to generate) or
            "rulings" (to rule).
        count: To generate: how many texts of each meaning are written about a text; None for 2.
        max_chars: Show annotators only head and tail of longer texts.
        prices: TOML or JSON file with what a million tokens cost, sent and received, for each model.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        limit: Annotate this many of the pairs.
        strategy: Which: "random"; "uncertain", those whose similarity by the model ``by`` is nearest to the threshold
            that divides all pairs best; or "spread", evenly over the range of similarities.
        by: The model of gis that they are chosen by.
        seed: Seed of the choice.
        device: A torch device, or "auto", for models of gis.
        offline: Never ask the Hub.

    Returns:
        For each annotator behind a server: requests, tokens (four characters count as one) and cost.

    Raises:
        UsageError: A name or option is wrong.
        GisError: The pairs cannot be used.
    """
    from gis.annotation.annotate import estimate_costs
    from gis.annotation.generate import estimate_generation

    settings = _settings(
        kind, models, base_url, prompt, max_chars, prices, data, limit, strategy, by, seed, device, offline=offline
    )
    texts = _count(kind, count)
    if kind == "generate":
        return estimate_generation(_spec(pairs), Path(output), settings, count=texts)
    return estimate_costs(_spec(pairs), Path(output), settings, kind=kind)


def _count(kind: Kind, count: int | None) -> int:
    """Return how many texts to generate; to give a number where none are is a mistake."""
    if count is not None and kind != "generate":
        raise UsageError(
            "a number of texts is for generating", remedy="leave out --count, or write gis annotate generate"
        )
    return 2 if count is None else count


def _settings(
    kind: Kind,
    models: object,
    base_url: str | None,
    prompt: str | None,
    max_chars: int | None,
    prices: PathLike | None,
    data: PathLike | None,
    limit: int | None,
    strategy: "Strategy",
    by: object | None,
    seed: int,
    device: str,
    *,
    offline: bool,
) -> "AnnotationSettings":
    """Return the settings that an annotation and its estimate share."""
    from gis.annotation.budget import read_prices
    from gis.annotation.select import Selection
    from gis.annotation.session import AnnotationSettings
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.models.base import LoadSettings

    if kind not in get_args(Kind):
        raise unknown_name("kind of annotation", kind, get_args(Kind))
    load = LoadSettings(device=device, offline=offline)
    chosen_by = None if by is None else _spec(by)
    return AnnotationSettings(
        models=_specs(models),
        base_url=base_url,
        prompt=prompt,
        max_chars=max_chars,
        prices={} if prices is None else read_prices(Path(prices)),
        source=SourceSettings(data=as_path(data), offline=offline),
        selection=Selection(limit=limit, strategy=strategy, by=chosen_by, seed=seed, load=load),
        load=load,
    )


def _specs(given: object) -> list[Spec]:
    """Return the specs of one annotator or several."""
    return [
        spec for each in each_of(given) for spec in ([each] if isinstance(each, Spec) else parse_specs([str(each)]))
    ]


def _spec(given: object) -> Spec:
    """Return the spec of a task, file or folder."""
    name = as_name(given)
    return name if isinstance(name, Spec) else parse_spec(str(name))
