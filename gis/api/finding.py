"""Find the duplicates of issues."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gis.api.arguments import PathLike, embedding_cache
from gis.collector.servers import GITHUB_API
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError

if TYPE_CHECKING:
    from gis.finder.backtest import Backtest
    from gis.finder.certify import Certificate
    from gis.finder.find import Finding
    from gis.finder.index import Index
    from gis.finder.outcomes import Outcome
    from gis.finder.posting.post import Posted
    from gis.finder.recheck import Recheck


def index(
    store: PathLike,
    *,
    model: str = "minilm",
    rerank: str | None = None,
    device: str = "auto",
    offline: bool = False,
    cache: PathLike | bool = True,
    reporter: Reporter = QUIET,
) -> "Index":
    """Make the index of a store, in a folder beside it, or bring it up to date.

    Args:
        store: The SQLite file that ``collect`` filled.
        model: The encoder, as on the command line.
        rerank: A model that compares an issue with its first candidates, such as a cross-encoder's folder; or
            "judge,model=NAME,base_url=URL" for a model of a server, which grades them as ``annotate`` has them graded;
            or "judge,path=FILE" for answers that it has recorded.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        cache: Folder of cached embeddings; True for the default one, False for none.
        reporter: Where progress and warnings go.

    Raises:
        UsageError: A model is unknown, or cannot do this.
        GisError: The store has no issues, or too few duplicates to weigh a re-ranker by; or another process makes its
            index.
    """
    from gis.finder.index import build_index
    from gis.models.base import LoadSettings
    from gis.spec import parse_spec

    settings = LoadSettings(device=device, offline=offline)
    return build_index(
        Path(store),
        parse_spec(model),
        rerank=None if rerank is None else parse_spec(rerank),
        load=settings,
        cache=embedding_cache(cache=cache),
        reporter=reporter,
    )


def find(
    store: PathLike,
    *issues: str,
    text: str | None = None,
    name: str = "text",
    repository: str | None = None,
    since: int | None = None,
    certificate: "Certificate | None" = None,
    skip: Iterable[str] = (),
    device: str = "auto",
    offline: bool = False,
    cache: PathLike | bool = True,
    reporter: Reporter = QUIET,
) -> "list[Finding]":
    """Find the older issues that issues or a text may be duplicates of.

    Args:
        store: The SQLite file that ``index`` has indexed.
        *issues: Issues of the store, as OWNER/NAME#N.
        text: A text that is not an issue yet: its title, and below it the body.
        name: What the text is called.
        repository: OWNER/NAME in which to look for the text; None where the store has one only.
        since: Take the issues that were opened since this time, in seconds since 1970.
        certificate: Suggest nothing but the first candidate, and only where its score is certified; see ``certify``.
            Where people's answers to its alerts break its promise, candidates are listed, and ``Finding.stopped`` says
            so.
        skip: Which issues nothing is suggested for: "bots", "staff", "label:NAME".
        device: A torch device, or "auto", for texts that are not in the index.
        offline: Never ask the Hub.
        cache: Folder of cached embeddings; True for the default one, False for none.
        reporter: Where warnings go.

    Returns:
        What was found for each, in order.

    Raises:
        UsageError: Nothing is asked, or a name is wrong.
        GisError: There is no index, or it cannot be used.
    """
    from gis.collector.store import Store
    from gis.finder.find import Finder, staleness
    from gis.finder.index import read_index
    from gis.finder.recheck import still_valid
    from gis.finder.skip import Skip
    from gis.models.base import LoadSettings

    if not issues and text is None and since is None:
        raise UsageError(
            "nothing to find duplicates of", remedy="name an issue, OWNER/NAME#N, --text FILE or --since 7d"
        )
    path, left_alone = Path(store), Skip.of(skip)
    with Store(path, check=False) as opened:  # what is read of it is checked
        read = read_index(path)
        if stale := staleness(opened, read):
            reporter.warn(f"{stale}; to bring it up to date: gis index --store {path}")
        valid, stopped = None, ""
        if certificate is not None:
            opened.check()
            valid, stopped = still_valid(opened, certificate, reporter=reporter)
        settings = LoadSettings(device=device, offline=offline)
        finder = Finder(
            opened,
            read,
            load=settings,
            cache=embedding_cache(cache=cache),
            certificate=valid,
            skip=left_alone,
        )
        recent = [] if since is None else finder.since(since)
        found = finder.issues([*issues, *recent])
        found += [] if text is None else [finder.text(text, name=name, repository=repository)]
    return [replace(finding, stopped=stopped) for finding in found] if stopped else found


def findings_json(findings: "Sequence[Finding]") -> str:
    """Return findings as JSON, which ``read_findings`` reads.

    Args:
        findings: What ``find`` returned.
    """
    from gis.finder.posting.findings_file import findings_json as as_json

    return as_json(findings)


def read_findings(path: PathLike, repository: str, *, api_url: str = GITHUB_API) -> "list[Finding]":
    """Read findings from JSON, and refuse whatever ``findings_json`` would not have written about this repository.

    Args:
        path: The file.
        repository: OWNER/NAME, the only one whose issues may be in it.
        api_url: The address of the API of its server.

    Raises:
        UsageError: The repository's name is not one.
        GisError: Anything in the file is not as it should be.
    """
    from gis.collector.servers import web_url_of
    from gis.finder.posting.findings_file import read_findings as read

    return read(Path(path), repository, web_url_of(api_url))


def post_findings(
    findings: "Sequence[Finding]",
    *,
    suggest: bool = False,
    api_url: str = GITHUB_API,
    insecure: bool = False,
    reporter: Reporter = QUIET,
) -> "Iterator[Posted]":
    """Write what was found to GitHub: one comment on each issue, which the next run edits in place.

    Nothing is closed. Read what would be written first, with ``gis.finder.posting.comment.comment_of``.

    Args:
        findings: What ``find`` returned for issues.
        suggest: Suggest, too, that issues with a certified finding be closed as duplicates, for a person to decide.
        api_url: The address of the API; https://HOST/api/v3 for GitHub Enterprise.
        insecure: Whether http:// may lead to another machine.
        reporter: Told about waits.

    Yields:
        What was done for each, in order.

    Raises:
        UsageError: There is no token, or a finding is about a text.
        GisError: The account is refused, another process writes to the repository, or issue after issue fails.
    """
    from gis.collector.github.client import Limits
    from gis.collector.github.connection import connect
    from gis.finder.posting.post import ATTEMPTS
    from gis.finder.posting.post import post as write

    limits = Limits(attempts=ATTEMPTS)
    connection = connect(api_url, api="graphql", limits=limits, insecure=insecure, writes=True, reporter=reporter)
    return write(findings, connection.client, suggest=suggest)


def backtest(
    store: PathLike,
    *,
    review: PathLike | None = None,
    suggestions: int = 100,
    reviewed: PathLike | None = None,
    github: PathLike | None = None,
    models: Sequence[str] = (),
    device: str = "auto",
    offline: bool = False,
    cache: PathLike | bool = True,
    reporter: Reporter = QUIET,
) -> "Backtest":
    """Search the newest third of a store as if it came in now, by what was known before.

    Args:
        store: The SQLite file that ``index`` has indexed.
        review: A folder to create, with the surest suggestions as pairs that ``gis review`` asks about.
        suggestions: How many of them.
        reviewed: Such a folder, with answers, by which suggestions are judged beside the rulings of the store.
        github: Recorded answers of GitHub's ``semantically_similar``, for one more row.
        models: Other encoders, to replay the store with, too, for comparison.
        device: A torch device, or "auto", for these and for a model that re-ranks.
        offline: Never ask the Hub.
        cache: Folder of cached embeddings; True for the default one, False for none.
        reporter: Where progress and warnings go.

    Raises:
        GisError: There is no index, it is older than the store, too few new issues are ruled duplicates, or GitHub's
            answers are not complete.
    """
    from gis.collector.store import Store
    from gis.finder.backtest import backtest as count
    from gis.finder.builder import by_another
    from gis.finder.certify import reviewed_suggestions, write_suggestions
    from gis.finder.chain import load_encoder
    from gis.finder.corpus import read_rulings
    from gis.finder.find import staleness
    from gis.finder.github_answers import GITHUB, read_github_answers
    from gis.finder.index import read_index
    from gis.finder.replay import replay
    from gis.models.base import LoadSettings
    from gis.models.learned import learned_by
    from gis.spec import parse_spec

    path = Path(store)
    load, kept = LoadSettings(device=device, offline=offline), embedding_cache(cache=cache)
    encoders = {name: load_encoder(parse_spec(name), load) for name in models}
    verdicts = None if reviewed is None else reviewed_suggestions(Path(reviewed))
    with Store(path) as opened:
        made = read_index(path)
        if stale := staleness(opened, made):
            raise GisError(stale, remedy=f"gis index --store {path}")
        rulings = read_rulings(opened, made.searched.corpus)
        before = rulings.cluster_before
        comparer = made.comparer(load, kept)
        replayed = replay(made.searched, before, made.learned, comparer=comparer, reporter=reporter)
        for name, encoder in encoders.items():
            searched = by_another(made.searched, encoder, kept, reporter=reporter)
            other = replay(searched, before, learned_by(encoder), reporter=reporter)
            replayed = replayed.beside(other, name)
    if github is not None:
        answers = read_github_answers(Path(github), made.searched.corpus, replayed.duplicates)
        replayed = replace(replayed, rankings={**replayed.rankings, GITHUB: answers})
    if review is not None:
        asked = write_suggestions(replayed, made.chain, Path(review), suggestions)
        reporter.say(f"{asked} suggestions in {review}; to judge them: gis review {review}")
    return count(replayed, verdicts, rulings.prompted)


def certify(reviewed: PathLike, precision: float) -> "Certificate":
    """Return the score from which suggestions are right as often as ``precision`` says, with 95 % confidence.

    Args:
        reviewed: The folder that ``backtest`` wrote for review, with the answers.
        precision: The share of alerts that must be right, such as 0.9.

    Raises:
        GisError: The answers promise it for no score; the message says what they show.
    """
    from gis.finder.certify import certify as of_folder

    return of_folder(Path(reviewed), precision)


def recheck(store: PathLike, certificate: "Certificate") -> "Recheck":
    """Return what people answered to the alerts that rest on a certificate, and whether that breaks its promise.

    Args:
        store: The SQLite file that ``collect`` filled.
        certificate: What ``certify`` returned.

    Raises:
        GisError: There is no store.
    """
    from gis.collector.store import Store
    from gis.finder.outcomes import read_outcomes
    from gis.finder.recheck import recheck as of_outcomes

    with Store(Path(store)) as opened:
        return of_outcomes(certificate, read_outcomes(opened, certificate=certificate.id))


def outcomes(store: PathLike) -> "list[Outcome]":
    """Return what became of every duplicate that a machine suggested, as far as a store knows.

    Args:
        store: The SQLite file that ``collect`` filled.

    Raises:
        GisError: There is no store.
    """
    from gis.collector.store import Store
    from gis.finder.outcomes import read_outcomes

    with Store(Path(store)) as opened:
        return read_outcomes(opened)
