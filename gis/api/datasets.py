"""From repositories to a store, and from a store to a dataset."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gis.api.arguments import PathLike, as_path
from gis.collector.servers import GITHUB_API
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError, check_number, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from gis.collector.collect import CollectReport
    from gis.collector.confirm import ConfirmReport
    from gis.collector.github.client import Limits
    from gis.collector.source import Source
    from gis.collector.store import RepositoryStatus
    from gis.dataset.output.report import Report


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


def collect(
    *repositories: str,
    store: PathLike,
    source: PathLike | Iterable[PathLike] = (),
    api: Literal["auto", "graphql", "rest"] = "auto",
    api_url: str = GITHUB_API,
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
    from gis.collector.github.connection import connect
    from gis.collector.repositories import named_repositories
    from gis.collector.store_writer import StoreWriter

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
    limits = _limits(max_points, max_wait)
    dump_server = None if api_url == GITHUB_API else api_url  # the default says nothing about a dump
    sources: list[Source] = [
        DumpSource(Path(folder), api_url=dump_server, longest_line=max_line, reporter=reporter) for folder in folders
    ]
    if names:
        github = connect(api_url, api=api, limits=limits, insecure=insecure, reporter=reporter)
        sources += [github.source(name, page_size=page_size, original_bodies=original_bodies) for name in names]
    with StoreWriter.open(Path(store)) as opened:
        reports = collect_all(opened, sources, reporter=reporter)
    return CollectedStore(Path(store), tuple(reports))


def confirm(
    store: PathLike,
    *,
    api_url: str = GITHUB_API,
    max_points: int | None = None,
    max_wait: float | None = None,
    insecure: bool = False,
    reporter: Reporter = QUIET,
) -> "ConfirmReport":
    """Ask GitHub what of a store is still there, and note in the store what became of the rest.

    A hundred issues cost one point of the hourly limit, and each that is missing one request. Tokens are read as by
    ``collect``. After an interruption the same call continues.

    Args:
        store: The SQLite file.
        api_url: Address of the API, for GitHub Enterprise.
        max_points: Stop after spending this many API rate-limit points.
        max_wait: Stop instead of waiting longer than this, in seconds.
        insecure: Allow an ``api_url`` with http:// on another machine, which sends the token unencrypted.
        reporter: Where progress and warnings go.

    Returns:
        How many issues are there, how many of them have another text, and what became of the others.

    Raises:
        UsageError: There is no token, or a number is wrong.
        GisError: There is no store, or GitHub refuses; what was confirmed so far is kept.
    """
    from gis.collector.confirm import confirm as confirm_store
    from gis.collector.github.connection import connect
    from gis.collector.store import check_exists
    from gis.collector.store_writer import StoreWriter

    path = Path(store)
    check_exists(path)
    limits = _limits(max_points, max_wait)
    github = connect(api_url, api="graphql", limits=limits, insecure=insecure, reporter=reporter)
    with StoreWriter.open(path) as opened:
        return confirm_store(opened, github.client, reporter=reporter)


def _limits(max_points: int | None, max_wait: float | None) -> "Limits":
    """Return the limits of a run.

    Raises:
        UsageError: A number is out of range.
    """
    from gis.collector.github.client import Limits

    if max_points is not None:
        check_number("the limit of points", max_points, 1)
    if max_wait is not None:
        check_number("the longest wait", max_wait, 0, whole=False)
    return Limits(max_points, max_wait)


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
    judged: PathLike | Sequence[PathLike] = (),
    retrieval: bool = True,
    seed: int = 0,
    until: datetime | None = None,
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
        judged: Folders of ``gis annotate rule``: what models read in comments that no pattern reads is evidence too, of
            the tier "judged", which makes pairs of the train split only. And of ``gis annotate repair``: what people
            decided about labels.
        retrieval: Also write a corpus, queries and relevance judgements.
        seed: Random seed for splits and negatives.
        until: Leave out what was opened, said or done since, for a model that a backtest is to judge: see
            ``backtest``.
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
        policy=as_path(policy),
        judged=[Path(folder) for folder in ([judged] if isinstance(judged, str | os.PathLike) else judged)],
        retrieval=retrieval,
        seed=seed,
        until=until,
    )
    report = build_dataset(Path(store), Path(output), settings, reporter=reporter, force=force)
    return BuiltDataset(Path(output), report)
