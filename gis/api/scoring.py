"""Score models, load them, and read results."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gis.api.arguments import PathLike, as_name, as_path, each_of, embedding_cache
from gis.console import QUIET, Reporter
from gis.errors import CombinedError

if TYPE_CHECKING:
    from gis.leaderboard.result_set import ResultSet
    from gis.models.base import LongPolicy, Model, Precision


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
    long: "LongPolicy" = "head",
    offline: bool = False,
    force: bool = False,
    check_invariance: bool = False,
    shard: str | None = None,
    cache: PathLike | bool = True,
    command: str = "gis.bench",
    reporter: Reporter = QUIET,
) -> "ResultSet":
    """Score models on tasks: pairs by Spearman correlation, retrieval by nDCG, recall, MRR and MAP.

    Args:
        models: One model or a list of them. A model is a name as on the command line (``"minilm"``, ``"tfidf"``,
            ``"ORG/NAME,pooling=cls"``), a folder, a SentenceTransformer, a function from a list of n texts to an
            (n, dim) array, or an object with such a method ``encode``. A dictionary names objects in memory.
        tasks: One task or a list of them. A task is a name (``"stsb"``, the suite ``"sts"``), a file or folder of
            pairs, a Hub dataset, or a DataFrame with the columns ``text1``, ``text2`` and ``label``. A dataset folder
            with ``,retrieval=all`` or ``,retrieval=earlier``, and a folder in mteb's layout, is searched.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        output: Folder for the result files; None keeps the results in memory only.
        limit: Score a sample of this many pairs, or queries; the results are marked as partial.
        seed: Seed of the sample and of the random model.
        device: A torch device, or "auto".
        precision: Number format of weights and activations: "fp32", "bf16", "fp16" or "int8".
        batch_tokens: Tokens per forward pass; None for the device's default.
        max_length: Cut texts at this many tokens instead of the model's own limit.
        long: What is read of longer texts: "head", "head+tail", "chunk-mean", "chunk-max" or "late-chunk".
        offline: Never ask the Hub.
        force: Score again what has a result in ``output``.
        check_invariance: Prove over 64 of the texts that each has one vector, alone, again and in its batch.
        shard: Score only this share of the models and tasks, such as "3/16": the shards of a run, which may run at the
            same time on any machines, score each model on each task once.
        cache: Folder of cached embeddings; True for the default one, False for none.
        command: How to get the results again, for the record in each result.
        reporter: Where progress and warnings go.

    Returns:
        The results, scores from -1 to 1; those of retrieval are in ``ranked``. ``failures`` names the models that
        failed, each of which is also a warning.

    Raises:
        UsageError: A name or option is wrong.
        GisError: A task cannot be loaded, or every model failed.
    """
    from gis.benchmark.runner import RunSettings, run_models
    from gis.benchmark.shards import Shard
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.leaderboard.result_set import ResultSet
    from gis.models.base import LoadSettings
    from gis.models.in_memory import wrap_model

    settings = RunSettings(
        output=as_path(output),
        cache=embedding_cache(cache=cache),
        load=LoadSettings(
            device=device,
            precision=precision,
            batch_tokens=batch_tokens,
            max_length=max_length,
            long=long,
            offline=offline,
            seed=seed,
        ),
        source=SourceSettings(data=as_path(data), offline=offline, limit=limit, seed=seed),
        force=force,
        check_invariance=check_invariance,
        command=command,
        shard=None if shard is None else Shard.parse(shard),
    )
    if isinstance(models, Mapping):
        models = [wrap_model(model, name=name) for name, model in models.items()]
    outcome = run_models(each_of(models), each_of(tasks), settings, reporter=reporter)
    if outcome.failures and not outcome.scored and not outcome.ranked:
        raise CombinedError(failure.error for failure in outcome.failures)
    return ResultSet(outcome.scored, outcome.failures, outcome.ranked)


def load_model(
    model: object,
    *,
    device: str = "auto",
    precision: "Precision" = "fp32",
    batch_tokens: int | None = None,
    max_length: int | None = None,
    long: "LongPolicy" = "head",
    offline: bool = False,
    seed: int = 0,
) -> "Model":
    """Load a model: an ``Encoder`` with ``encode(texts)``, or a ``PairScorer`` with ``score(pairs)``.

    ``encode`` returns an (n, dim) float32 array, ``score`` an (n,) float array. Weights are loaded with the first text.

    Args:
        model: A name as on the command line, a folder, or an object in memory: see ``bench``.
        device: A torch device, or "auto".
        precision: Number format of weights and activations: "fp32", "bf16", "fp16" or "int8".
        batch_tokens: Tokens per forward pass; None for the device's default.
        max_length: Cut texts at this many tokens instead of the model's own limit.
        long: What is read of longer texts: "head", "head+tail", "chunk-mean", "chunk-max" or "late-chunk".
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
        long=long,
        offline=offline,
        seed=seed,
    )
    return find_model(as_name(model), settings)


def load_results(folder: PathLike) -> "ResultSet":
    """Read the results that ``bench`` or ``gis bench`` wrote to a folder.

    Raises:
        GisError: There are no results, or a file is damaged.
    """
    from gis.leaderboard.result_set import load_results as read

    return read(Path(folder))
