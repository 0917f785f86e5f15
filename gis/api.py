"""The Python API: one function for each verb of the command line that produces something.

Nothing heavy is imported before a function needs it. Functions report nothing but warnings unless they are given a
``Reporter``. Each returns an object that knows where its files are and can be passed on to the next function.
"""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gis.console import QUIET, Reporter
from gis.errors import CombinedError, GisError, UsageError, check_number, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from gis.collector.collect import CollectReport
    from gis.collector.source import Source
    from gis.collector.store import RepositoryStatus
    from gis.dataset.output.report import Report
    from gis.leaderboard.result_set import ResultSet
    from gis.models.base import Model, Precision
    from gis.models.losses import LossSettings, Preset
    from gis.training.run import TrainedModel

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class CollectedStore(os.PathLike[str]):
    """A store, and what a run brought into it.

    Attributes:
        path: The SQLite file.
        reports: What the run brought, a report for each repository.
    """

    path: Path
    reports: "tuple[CollectReport, ...]"

    def __fspath__(self) -> str:
        return str(self.path)

    def status(self) -> "list[RepositoryStatus]":
        """Return what the store contains, by repository: counts, completeness, cost."""
        from gis.collector.store import Store

        with Store(self.path) as store:
            return store.status()


@dataclass(frozen=True)
class BuiltDataset(os.PathLike[str]):
    """A dataset folder, and the numbers of its build.

    Attributes:
        folder: The folder: configs as Parquet files, card and manifest.
        report: The numbers that the card shows.
    """

    folder: Path
    report: "Report"

    def __fspath__(self) -> str:
        return str(self.folder)

    def pairs(self, split: Literal["train", "valid", "test"] = "test", config: str = "default") -> "pd.DataFrame":
        """Return a split of a config: a row for each pair, with texts, label and provenance.

        Args:
            split: "train", "valid" or "test".
            config: "default", "positive", "repository", "time", …: those of the card.

        Raises:
            UsageError: No dataset has a config of this name.
            GisError: This one does not have it, or not the split.
        """
        import pandas as pd

        from gis.dataset.output.layout import CONFIGS

        if config not in CONFIGS:
            raise unknown_name("config", config, CONFIGS)
        path = self.folder / CONFIGS[config].path(split)
        if not path.is_file():
            raise GisError(f"{self.folder} has no split {split} of the config {config}")
        return pd.read_parquet(path)


def bench(
    models: object,
    tasks: object,
    *,
    data: PathLike | None = None,
    output: PathLike | None = None,
    limit: int | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: "Precision" = "fp32",
    batch_tokens: int | None = None,
    max_length: int | None = None,
    offline: bool = False,
    force: bool = False,
    cache: PathLike | bool = True,
    command: str = "gis.bench",
    reporter: Reporter = QUIET,
) -> "ResultSet":
    """Score models on tasks by Spearman correlation.

    Args:
        models: One model or a list of them. A model is a name as on the command line (``"minilm"``, ``"tfidf"``,
            ``"ORG/NAME,pooling=cls"``), a folder, a SentenceTransformer, a function from a list of n texts to an
            (n, dim) array, or an object with such a method ``encode``. A dictionary names objects in memory.
        tasks: One task or a list of them. A task is a name (``"stsb"``, the suite ``"sts"``), a file or folder of
            pairs, a Hub dataset, or a DataFrame with the columns ``text1``, ``text2`` and ``label``.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        output: Folder for the result files; None keeps the results in memory only.
        limit: Score a sample of this many pairs; the results are marked as partial.
        seed: Seed of the sample and of the random model.
        device: A torch device, or "auto".
        precision: Number format of weights and activations: "fp32", "bf16" or "fp16".
        batch_tokens: Tokens per forward pass; None for the device's default.
        max_length: Cut texts at this many tokens instead of the model's own limit.
        offline: Never ask the Hub.
        force: Score again what has a result in ``output``.
        cache: Folder of cached embeddings; True for the default one, False for none.
        command: How to get the results again, for the record in each result.
        reporter: Where progress and warnings go.

    Returns:
        The results, scores from -1 to 1. ``failures`` names the models that failed, each of which is also a warning.

    Raises:
        UsageError: A name or option is wrong.
        GisError: A task cannot be loaded, or every model failed.
    """
    from gis.benchmark.runner import RunSettings, run_models
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.files import cache_folder
    from gis.leaderboard.result_set import ResultSet
    from gis.models.base import LoadSettings
    from gis.models.in_memory import wrap_model

    settings = RunSettings(
        output=_path(output),
        cache=cache_folder() if cache is True else None if cache is False else Path(cache),
        load=LoadSettings(
            device=device,
            precision=precision,
            batch_tokens=batch_tokens,
            max_length=max_length,
            offline=offline,
            seed=seed,
        ),
        source=SourceSettings(data=_path(data), offline=offline, limit=limit, seed=seed),
        force=force,
        command=command,
    )
    if isinstance(models, Mapping):
        models = [wrap_model(model, name=name) for name, model in models.items()]
    outcome = run_models(_each(models), _each(tasks), settings, reporter=reporter)
    if not outcome.scored:
        raise CombinedError(failure.error for failure in outcome.failures)
    return ResultSet(outcome.scored, outcome.failures)


def collect(
    *repositories: str,
    store: PathLike,
    source: PathLike | Iterable[PathLike] = (),
    api: Literal["auto", "graphql", "rest"] = "auto",
    api_url: str = "https://api.github.com",
    original_bodies: bool = False,
    page_size: int = 100,
    max_points: int | None = None,
    max_wait: float | None = None,
    max_line: int = 32,
    insecure: bool = False,
    reporter: Reporter = QUIET,
) -> CollectedStore:
    """Bring issues, comments and events of repositories into a store, or bring it up to date.

    Tokens are read from the environment: GITHUB_TOKEN, GH_TOKEN, a GitHub App, or gh auth login. After an interruption
    the same call continues.

    Args:
        *repositories: Repositories on GitHub, as OWNER/NAME.
        store: The SQLite file to fill.
        source: One folder of a dump, or several, to read instead of GitHub.
        api: "graphql", "rest", or "auto" for GraphQL where there is a token.
        api_url: Address of the API, for GitHub Enterprise; also says which server a dump is of that does not say.
        original_bodies: Also fetch each body as it was first written.
        page_size: Maximum issues per page, 1 to 100.
        max_points: Stop after spending this many API rate-limit points.
        max_wait: Stop instead of waiting longer than this, in seconds.
        max_line: The longest line of a dump to read, in MB.
        insecure: Allow an ``api_url`` with http:// on another machine, which sends the token unencrypted.
        reporter: Where progress and warnings go.

    Raises:
        UsageError: Neither a repository nor a dump is given, or both are; or a name or number is wrong.
        GisError: A repository cannot be read; everything fetched so far is kept.
    """
    from gis.collector.collect import collect_all
    from gis.collector.dump import DumpSource
    from gis.collector.github.client import Limits
    from gis.collector.github.connection import GITHUB_API, connect
    from gis.collector.repositories import named_repositories
    from gis.collector.store import Store

    folders = [source] if isinstance(source, str | os.PathLike) else list(source)
    names = named_repositories(repositories)
    if not names and not folders:
        raise UsageError("no repository is given", remedy="add --repo OWNER/NAME, or --from DIR")
    if names and folders:
        raise UsageError(
            "a dump is read instead of GitHub, and both are given",
            remedy="collect them one after the other, with --from DIR and with --repo OWNER/NAME",
        )
    check_number("the page size", page_size, 1, 100)
    if max_points is not None:
        check_number("the limit of points", max_points, 1)
    if max_wait is not None:
        check_number("the longest wait", max_wait, 0, whole=False)
    of_dumps = None if api_url == GITHUB_API else api_url
    sources: list[Source] = [
        DumpSource(Path(folder), api_url=of_dumps, longest_line=max_line, reporter=reporter) for folder in folders
    ]
    if names:
        limits = Limits(max_points, max_wait)
        github = connect(api_url, api=api, limits=limits, insecure=insecure, reporter=reporter)
        sources += [github.source(name, page_size=page_size, original_bodies=original_bodies) for name in names]
    with Store.writing(Path(store)) as opened:
        reports = collect_all(opened, sources, reporter=reporter)
    return CollectedStore(Path(store), tuple(reports))


def build(
    store: PathLike,
    output: PathLike,
    *,
    recipe: Literal["gis", "paper"] = "gis",
    split: Sequence[float] | None = None,
    negatives: Mapping[str, float] | None = None,
    ratio: float | None = None,
    dense: str | None = None,
    closure: int = 0,
    text: Literal["markdown", "plain", "html"] | None = None,
    original: bool | None = None,
    languages: Sequence[str] | None = None,
    min_words: int | None = None,
    max_chars: int | None = None,
    leave_out: Sequence[str] = (),
    policy: PathLike | None = None,
    retrieval: bool = True,
    seed: int = 0,
    force: bool = False,
    reporter: Reporter = QUIET,
) -> BuiltDataset:
    """Build a dataset of duplicate issues from a store: evidence, clusters, pairs, splits, card and manifest.

    Args:
        store: The SQLite file that ``collect`` filled.
        output: The folder to create; written whole or not at all.
        recipe: Where the other options start: "gis", or "paper" for the published recipe.
        split: Per cent of the duplicate pairs for train, valid and test, such as ``(80, 10, 10)``; ``(0, 0, 100)``
            makes a test split only.
        negatives: Weight of each stratum of negatives in train, such as ``{"random": 1, "bm25": 2}``. In valid and
            test each stratum has as many negatives as there are duplicates, where the repository has them.
        ratio: Negatives per positive in train, 0 to 1000.
        dense: Encoder that finds the negatives of the stratum "dense".
        closure: Maximum transitive pairs per cluster.
        text: Format of the texts: "markdown", "plain" or "html".
        original: Use titles and bodies as first written, where the store has them.
        languages: ISO 639-1 codes to keep; an empty sequence keeps all.
        min_words: Leave out issues with fewer words.
        max_chars: Leave out issues with more characters.
        leave_out: Issues to leave out, as OWNER/NAME#N.
        policy: TOML file that changes which evidence counts.
        retrieval: Also write a corpus, queries and relevance judgements.
        seed: Random seed for splits and negatives.
        force: Replace a folder that an earlier build created.
        reporter: Where progress and warnings go.

    Raises:
        UsageError: A value is out of range, or a name unknown.
        GisError: The store has too few duplicates, or the folder exists.
    """
    from gis.dataset.build import build as build_dataset
    from gis.dataset.settings import BuildSettings

    settings = BuildSettings.from_recipe(
        recipe,
        split=split,
        negatives=negatives,
        ratio=ratio,
        dense=dense,
        closure=closure,
        text=text,
        original=original,
        languages=languages,
        min_words=min_words,
        max_chars=max_chars,
        leave_out=leave_out,
        policy=_path(policy),
        retrieval=retrieval,
        seed=seed,
    )
    report = build_dataset(Path(store), Path(output), settings, reporter=reporter, force=force)
    return BuiltDataset(Path(output), report)


def train(
    model: PathLike,
    task: PathLike,
    *,
    output: PathLike,
    objective: "str | Preset | LossSettings" = "gis",
    data: PathLike | None = None,
    validation: PathLike | None = None,
    positive_threshold: float | None = None,
    epochs: float = 1.0,
    batch_size: int = 32,
    accumulate: int = 1,
    mini_batch_tokens: int | None = None,
    learning_rate: float = 2e-5,
    warmup: float = 0.1,
    weight_decay: float = 0.01,
    eval_steps: int | None = None,
    lora: int = 0,
    layers: int | None = None,
    random_init: bool = False,
    max_length: int | None = None,
    seed: int = 42,
    limit: int | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    offline: bool = False,
    force: bool = False,
    keep_checkpoints: bool = False,
    reporter: Reporter = QUIET,
) -> "TrainedModel":
    """Fine-tune an encoder, and keep the weights with the best score on the validation split.

    Stopped with Ctrl-C, the same call continues from the last checkpoint; where the model is finished, nothing is done.

    Args:
        model: Encoder to start from: "minilm", a folder or a Hub id, with options: "NAME,pooling=cls".
        task: A task, file, folder or Hub dataset with a train split: labelled pairs, positive pairs or triplets.
        output: Folder of the model.
        objective: A preset with changes, such as "preprint" or "cosent,cosine_temperature=0.1"; or an ``AngleLoss``.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        validation: Task whose validation pairs choose the weights; by default those of ``task``.
        positive_threshold: Lowest label of a positive pair; by default 80 % of the labels' range.
        epochs: Passes through the data.
        batch_size: Rows per batch and process.
        accumulate: Batches per optimizer step.
        mini_batch_tokens: Tokens in memory at once, for batches larger than memory.
        learning_rate: Highest learning rate.
        warmup: Share of the steps over which the rate rises, 0 to 0.99.
        weight_decay: Weight decay of AdamW.
        eval_steps: Steps between validations; None for once per epoch.
        lora: Rank of a LoRA adapter; 0 trains the weights themselves.
        layers: Keep only the first layers; None keeps all.
        random_init: Start from random weights.
        max_length: Cut texts at this many tokens.
        seed: Random seed.
        limit: Train on a sample of this many rows.
        device: A torch device, or "auto".
        precision: "fp32", "bf16", or "auto" for bf16 where the GPU has it.
        offline: Never ask the Hub.
        force: Train again, whatever ``output`` holds.
        keep_checkpoints: Leave the checkpoints when the model is done.
        reporter: Where progress and warnings go.

    Returns:
        The folder and the numbers of the training; ``load()`` gives the encoder.

    Raises:
        UsageError: A setting is impossible, or does not fit the data.
        GisError: The training failed, or ``output`` holds something else.
    """
    (trained,) = train_seeds(
        model,
        task,
        output=output,
        seeds=1,
        seed=seed,
        objective=objective,
        data=data,
        validation=validation,
        positive_threshold=positive_threshold,
        limit=limit,
        device=device,
        offline=offline,
        force=force,
        keep_checkpoints=keep_checkpoints,
        reporter=reporter,
        epochs=epochs,
        batch_size=batch_size,
        accumulate=accumulate,
        mini_batch_tokens=mini_batch_tokens,
        learning_rate=learning_rate,
        warmup=warmup,
        weight_decay=weight_decay,
        eval_steps=eval_steps,
        lora=lora,
        layers=layers,
        random_init=random_init,
        max_length=max_length,
        precision=precision,
    )
    return trained


def train_seeds(
    model: PathLike,
    task: PathLike,
    *,
    output: PathLike,
    seeds: int,
    seed: int = 42,
    objective: "str | Preset | LossSettings" = "gis",
    data: PathLike | None = None,
    validation: PathLike | None = None,
    positive_threshold: float | None = None,
    limit: int | None = None,
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    keep_checkpoints: bool = False,
    reporter: Reporter = QUIET,
    **settings: Any,  # noqa: ANN401 - TrainSettings checks and names them
) -> "list[TrainedModel]":
    """Fine-tune an encoder once for each of several seeds, all on the same rows; see ``train``.

    Args:
        model: Encoder to start from.
        task: A task, file, folder or Hub dataset with a train split.
        output: Folder of the model; for more than one seed, of the folders ``seed-N``.
        seeds: The number of models.
        seed: The first seed.
        objective: The loss.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        validation: Task whose validation pairs choose the weights; by default those of ``task``.
        positive_threshold: Lowest label of a positive pair.
        limit: Train on a sample of this many rows, the same for every seed.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        force: Train again, whatever ``output`` holds.
        keep_checkpoints: Leave the checkpoints when a model is done.
        reporter: Where progress and warnings go.
        settings: The other arguments of ``train``: epochs, batch_size, learning_rate, …

    Returns:
        For each seed the folder and the numbers of the training.

    Raises:
        UsageError: A setting is impossible, or does not fit the data.
        GisError: A training failed, or ``output`` holds something else.
    """
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.models.losses import objective_of
    from gis.spec import parse_spec
    from gis.training import run
    from gis.training.data.loading import load_training_data
    from gis.training.settings import TrainSettings

    chosen = TrainSettings(model=parse_spec(os.fspath(model)), objective=objective_of(objective), seed=seed, **settings)
    loaded = load_training_data(
        parse_spec(os.fspath(task)),
        SourceSettings(data=_path(data), offline=offline, limit=limit, seed=seed),
        validation=None if validation is None else parse_spec(os.fspath(validation)),
        positive_threshold=positive_threshold,
    )
    return run.train_seeds(
        chosen,
        seeds,
        loaded,
        Path(output),
        device=device,
        offline=offline,
        force=force,
        keep_checkpoints=keep_checkpoints,
        reporter=reporter,
    )


def load_model(
    model: object,
    *,
    device: str = "auto",
    precision: "Precision" = "fp32",
    batch_tokens: int | None = None,
    max_length: int | None = None,
    offline: bool = False,
    seed: int = 0,
) -> "Model":
    """Load a model: an ``Encoder`` with ``encode(texts)``, or a ``PairScorer`` with ``score(pairs)``.

    ``encode`` returns an (n, dim) float32 array, ``score`` an (n,) float array. Weights are loaded with the first text.

    Args:
        model: A name as on the command line, a folder, or an object in memory: see ``bench``.
        device: A torch device, or "auto".
        precision: Number format of weights and activations: "fp32", "bf16" or "fp16".
        batch_tokens: Tokens per forward pass; None for the device's default.
        max_length: Cut texts at this many tokens instead of the model's own limit.
        offline: Never ask the Hub.
        seed: Seed of the random model.

    Raises:
        UsageError: Nothing has this name, or an option is wrong.
        GisError: The model exists but cannot be loaded.
    """
    from gis.benchmark.runner import find_model
    from gis.models.base import LoadSettings

    settings = LoadSettings(
        device=device,
        precision=precision,
        batch_tokens=batch_tokens,
        max_length=max_length,
        offline=offline,
        seed=seed,
    )
    return find_model(_named(model), settings)


def load_results(folder: PathLike) -> "ResultSet":
    """Read the results that ``bench`` or ``gis bench`` wrote to a folder.

    Raises:
        GisError: There are no results, or a file is damaged.
    """
    from gis.leaderboard.result_set import load_results as read

    return read(Path(folder))


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path)


def _named(given: object) -> object:
    """Return a path-like object (a trained model, a built dataset) as the name that stands for it."""
    return os.fspath(given) if isinstance(given, os.PathLike) else given


def _each(given: object) -> list[object]:
    """Return the members of a list, tuple, set or generator, or the one thing that was given."""
    members = list(given) if isinstance(given, list | tuple | set | frozenset | Generator) else [given]
    if not members:
        raise UsageError("an empty list was given; name at least one")
    return [_named(member) for member in members]
