"""The verbs that find duplicates: index, find."""

import json
import re
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis import api
from gis.cli.app import app, interruptible, print_notes, print_table, print_text
from gis.cli.options import ApiUrl, Device, Insecure, Offline, Quiet, moment_of
from gis.cli.posting import read_findings, write_findings
from gis.collector.servers import GITHUB_API
from gis.errors import GisError, UsageError
from gis.files import read_written_by_hand

if TYPE_CHECKING:
    from gis.finder.backtest import Backtest
    from gis.finder.certify import Certificate
    from gis.finder.find import Finding, Suggestion

StoreFile = Annotated[Path, typer.Option(metavar="FILE", help="Store that gis collect filled.")]
Cache = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of cached embeddings.", show_default="~/.cache/gis")
]
SPAN = re.compile(r"(\d{1,6})([hdw])")
SECONDS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


@app.command()
def index(
    store: StoreFile = Path("issues.db"),
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="NAME", help="Encoder: NAME,key=value (gis models).")
    ] = "minilm",
    rerank: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Compares an issue with its first 10: a cross-encoder's folder, or judge,model=NAME,…"
        ),
    ] = None,
    device: Device = "auto",
    offline: Offline = False,
    cache: Cache = None,
    quiet: Quiet = False,
) -> None:
    """Make the index that gis find searches, beside the store.

    Run again after gis collect, it embeds only what is new or was changed. The ranker is fitted to the duplicates that
    people ruled on in this store, where there are enough.

    Example: gis index --store issues.db
    """
    from gis.console import Reporter

    with interruptible():
        made = api.index(
            store,
            model=model,
            rerank=rerank,
            device=device,
            offline=offline,
            cache=cache or True,
            reporter=Reporter(quiet=quiet),
        )
    size = f"{len(made.searched.corpus):,} issues"
    print_notes(f"{size} in {made.path}; the ranker is fitted on {made.ranker.fitted_on}")


@app.command(no_args_is_help=True)
def find(
    issues: Annotated[
        list[str] | None,
        typer.Argument(metavar="OWNER/NAME#N", help="Issues of the store, or their addresses.", show_default=False),
    ] = None,
    store: StoreFile = Path("issues.db"),
    text: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A text that is not an issue yet, title first; - for standard input."),
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo",
            metavar="OWNER/NAME",
            help="Where to look for --text; whose issues --from may name.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="SPAN|DATE", help="All issues opened in the last 12h, 7d or 2w, or since 2026-01-31."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="bots|staff|label:NAME", help="Suggest nothing for such issues; may be given several times."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    findings: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Search nothing: take what --json printed about these issues, or any of --repo.",
        ),
    ] = None,
    comment: Annotated[
        bool, typer.Option("--comment", help="Write it as one comment on each issue, which later runs edit.")
    ] = False,
    suggest: Annotated[
        bool,
        typer.Option(
            "--suggest", help="Suggest to GitHub, too, to close as a duplicate what --precision promises; comments."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--post", help="Show the comments, or write them to GitHub.")
    ] = True,
    api_url: ApiUrl = GITHUB_API,
    insecure: Insecure = False,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Replay the store: how often are duplicates found?")
    ] = False,
    review: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --backtest: write the surest suggestions there, for gis review."),
    ] = None,
    suggestions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many suggestions --review writes; the more, the lower a score may be certified.",
            show_default="100",
        ),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(metavar="X", help="Suggest only what is right with this chance, such as 0.9, by --reviewed."),
    ] = None,
    reviewed: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Suggestions that gis review asked about.")
    ] = None,
    github: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --backtest: recorded answers of GitHub, as one more row."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME,…", help="With --backtest: other encoders, for comparison."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --backtest: write it there as a page, too.")
    ] = None,
    device: Device = "auto",
    offline: Offline = False,
    cache: Cache = None,
    quiet: Quiet = False,
) -> None:
    """Find the older issues that an issue may be a duplicate of.

    Each is the open issue that stands for its known duplicates, where there is one, with reasons to check. The score
    is the chance that people would rule so, judged by what they ruled in the past.

    Example: gis find --store issues.db rust-lang/rust#29740
    """
    from gis.console import Reporter
    from gis.spec import parse_specs

    reporter = Reporter(quiet=quiet)
    writes, searches = comment or suggest, bool(issues or text or since or precision is not None)
    _refuse(
        (
            suggestions is not None and review is None,
            "--suggestions is how many --review writes",
            "gis find --backtest --review DIR --suggestions N",
        ),
        (as_json and writes, "--json prints findings and --comment writes them", "leave out one of them"),
        (not (dry_run or writes), "there is nothing to post", "gis find … --comment --post"),
        (writes and text is not None, "a text is not an issue: no comment can stand on it", "leave out --text"),
        (
            suggest and precision is None and findings is None,
            "--suggest is for what --precision promises",
            "add --precision 0.9 --reviewed DIR, or leave out --suggest",
        ),
        (
            findings is not None and bool(text or since or precision is not None or skip),
            "--from takes what was found before",
            "leave out --text, --since, --precision and --skip",
        ),
        (
            backtest and searches,
            "a backtest replays all issues",
            "leave out the issues, --text, --since and --precision",
        ),
        (
            backtest and (writes or findings is not None or bool(skip)),
            "a backtest writes nothing to GitHub",
            "leave out --comment, --suggest, --from and --skip",
        ),
        (
            not backtest and (any((review, github, html, model)) or (precision is None) != (reviewed is None)),
            "--review, --github, --html and --model go with --backtest, and --precision with --reviewed",
            "gis find --backtest --review DIR, gis review DIR, then gis find --precision 0.9 --reviewed DIR …",
        ),
    )
    if backtest:
        with interruptible():
            replayed = api.backtest(
                store,
                review=review,
                suggestions=100 if suggestions is None else suggestions,
                reviewed=reviewed,
                github=github,
                models=[str(spec) for spec in parse_specs(model or [])],
                device=device,
                offline=offline,
                cache=cache or True,
                reporter=reporter,
            )
        _write_backtest(replayed, store.stem, html, as_json=as_json)
        return
    certificate = None
    if precision is not None and reviewed is not None:
        certificate = api.certify(reviewed, precision)
        reporter.say(_in_words(certificate))
        if not (issues or text or since or writes):
            _print_recheck(store, certificate)
            return
    if findings is not None:
        found = read_findings(findings, repo, api_url, only=issues or [])
    else:
        moment = None if since is None else _moment(since)
        with interruptible():
            found = api.find(
                store,
                *(issues or []),
                text=None if text is None else _read(text),
                name="standard input" if text == Path("-") else str(text),
                repository=repo,
                since=moment,
                certificate=certificate,
                skip=skip or (),
                device=device,
                offline=offline,
                cache=cache or True,
                reporter=reporter,
            )
    if not found and not as_json:
        place = shlex.quote(str(findings or store))
        print_notes(f"nothing is in {place}" if findings else f"no issue in {place} was opened since {since}")
    elif writes:
        with interruptible("what was written stays; the same command goes on and writes nothing twice"):
            write_findings(
                found, suggest=suggest, dry_run=dry_run, api_url=api_url, insecure=insecure, reporter=reporter
            )
    elif as_json:
        typer.echo(api.findings_json(found))
    else:
        for finding in found:
            _print_finding(finding)


def _refuse(*mistakes: tuple[bool, str, str]) -> None:
    """Refuse options that do not go together: whether they were given, what is wrong, and what to write."""
    for given, message, remedy in mistakes:
        if given:
            raise UsageError(message, remedy=remedy)


def _in_words(certificate: "Certificate") -> str:
    bound = certificate.bound
    return (
        f"scores from {certificate.threshold:.0%}: {bound.right} of the {bound.count} highest were right, so "
        f"{bound.precision:.0%} or more with 95 % confidence; {bound.per_week:.1f} alerts a week, which name "
        f"{bound.caught:.0%} of the duplicates that people ruled"
    )


def _print_recheck(store: Path, certificate: "Certificate") -> None:
    """Print what people answered to the alerts of a certificate, as far as a store knows."""
    if store.is_file():
        checked = api.recheck(store, certificate)
        print_notes(checked.broken if checked.is_broken else str(checked))


def _moment(since: str) -> int:
    """Return a time, in seconds since 1970, that was given as a span before now or as a date."""
    if (span := SPAN.fullmatch(since)) is not None:
        return int(time.time()) - int(span[1]) * SECONDS[span[2]]
    return int(moment_of(since, "--since 7d, 12h, 2w or").timestamp())


def _read(path: Path) -> str:
    try:
        return sys.stdin.read() if path == Path("-") else read_written_by_hand(path)
    except UnicodeDecodeError as error:
        raise GisError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise GisError(
            f"{path} cannot be read ({error.strerror})", remedy="name a file, or - for standard input"
        ) from error


def _print_finding(finding: "Finding") -> None:
    opened = f" (opened {finding.opened[:10]})" if finding.opened else ""
    print_text(f"{finding.query}{opened}: {finding.title}")
    if finding.note:
        print_text(f"   nothing is suggested: {finding.note}")
    for place, suggestion in enumerate(finding.suggestions, 1):
        _print_suggestion(place, suggestion, finding.opened)
    print_text("")


def _print_suggestion(place: int, suggestion: "Suggestion", opened: str) -> None:
    from gis.finder.in_words import age, percent, reasons_in_words

    marks = [suggestion.state, f"opened {suggestion.opened[:10]}{age(suggestion.opened, opened)}"]
    marks += ["already ruled a duplicate"] if suggestion.ruled else []
    print_text(f"{place:>3}. {percent(suggestion.score):>4}  {suggestion.issue}  {suggestion.title}")
    print_text(f"            {', '.join(marks)}; {suggestion.url}")
    if suggestion.similar:
        print_text(f"            by its duplicate {suggestion.similar}")
    for line in reasons_in_words(suggestion.reasons):
        print_text(f"            {line}")


def _write_backtest(replayed: "Backtest", name: str, html: Path | None, *, as_json: bool) -> None:
    from gis.finder.report import render_report
    from gis.replacing import write_text

    if html is not None:
        write_text(html, render_report(replayed, name))
    if as_json:
        typer.echo(json.dumps(asdict(replayed), indent=2))
    else:
        _print_backtest(replayed)


def _print_backtest(replayed: "Backtest") -> None:
    from gis.finder.backtest import CUTOFFS, SHOWN
    from gis.finder.report import completeness, share, summary
    from gis.terminal_table import Column, TerminalTable

    print_notes(summary(replayed), "")
    table = TerminalTable(
        [
            Column(title="ranked by", align="left"),
            *(Column(title=f"found at {k}") for k in CUTOFFS),
            Column(title="MRR"),
        ]
    )
    for row in replayed.rows:
        table.add_row(row.name, *(share(each.share, each.interval) for each in row.found), f"{row.mrr:.3f}")
    print_table(table, "Found at k: an older duplicate is among the first k. ± is half of the 95 % interval.", "")
    alerts = TerminalTable(
        [
            Column(title="highest scores"),
            Column(title="a week"),
            Column(title="score from"),
            Column(title="expected right"),
            Column(title="ruled right"),
            Column(title="or by review"),
            Column(title="of duplicates"),
        ]
    )
    for each in replayed.alerts:
        a_week = each.count / max(replayed.weeks, 1e-9)
        alerts.add_row(
            f"{each.count:,}",
            f"{a_week:.1f}",
            f"{each.lowest:.2f}",
            f"{each.expected:.0%}",
            f"{each.ruled:.0%}",
            "–" if each.right is None else f"{each.right:.0%}",
            f"{each.caught:.0%}",
        )
    print_table(
        alerts,
        "Ruled right: people ruled the first suggestion a duplicate. They do not see every duplicate, so this is the "
        "least that is right.",
        "",
    )
    print_notes(completeness(replayed))
    print_notes(f"Not among the first {SHOWN}: {replayed.missed_in_all:,}; with links: --html FILE.")
    for magnet in replayed.magnets[:SHOWN]:
        print_text(f"{magnet.new:>3} new duplicates of {magnet.issue.name}, {magnet.found} found: {magnet.issue.title}")
