"""The verbs that find duplicates: index, find."""

import json
import re
import shlex
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis import api
from gis.cli.app import app, interruptible, print_notes, print_table, print_text
from gis.cli.options import Device, Offline, Quiet, moment_of
from gis.errors import GisError, UsageError
from gis.files import read_written_by_hand

if TYPE_CHECKING:
    from gis.finder.backtest import Backtest
    from gis.finder.certify import Certificate
    from gis.finder.find import Finding, Suggestion
    from gis.finder.reasons import Reasons

StoreFile = Annotated[Path, typer.Option(metavar="FILE", help="Store that gis collect filled.")]
Cache = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of cached embeddings.", show_default="~/.cache/gis")
]
SPAN = re.compile(r"(\d{1,6})([hdw])")
LOWEST_SHOWN = 0.005  # of a score in per cent
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
        typer.Option("--repo", metavar="OWNER/NAME", help="Where to look for the text, if the store holds several."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="SPAN|DATE", help="All issues opened in the last 12h, 7d or 2w, or since 2026-01-31."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
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

    reporter = Reporter(quiet=quiet)
    if suggestions is not None and review is None:
        raise UsageError(
            "--suggestions is how many --review writes", remedy="gis find --backtest --review DIR --suggestions N"
        )
    if backtest:
        if issues or text or since or precision is not None:
            raise UsageError(
                "a backtest replays all issues", remedy="leave out the issues, --text, --since and --precision"
            )
        with interruptible():
            replayed = api.backtest(
                store,
                review=review,
                suggestions=100 if suggestions is None else suggestions,
                reviewed=reviewed,
                device=device,
                offline=offline,
                cache=cache or True,
                reporter=reporter,
            )
        _write_backtest(replayed, store.stem, html, as_json=as_json)
        return
    if review is not None or html is not None or (precision is None) != (reviewed is None):
        raise UsageError(
            "--review and --html go with --backtest, and --precision with --reviewed",
            remedy="gis find --backtest --review DIR, gis review DIR, then gis find --precision 0.9 --reviewed DIR …",
        )
    certificate = None
    if precision is not None and reviewed is not None:
        certificate = api.certify(reviewed, precision)
        reporter.say(_in_words(certificate))
        if not issues and text is None and since is None:
            _print_recheck(store, certificate)
            return
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
            device=device,
            offline=offline,
            cache=cache or True,
            reporter=reporter,
        )
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2, ensure_ascii=False))
    elif not found:
        print_notes(f"no issue in {shlex.quote(str(store))} was opened since {since}")
    for finding in [] if as_json else found:
        _print_finding(finding)


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
    marks = [suggestion.state, f"opened {suggestion.opened[:10]}{_age(suggestion.opened, opened)}"]
    marks += ["already ruled a duplicate"] if suggestion.ruled else []
    chance = f"{suggestion.score:.0%}" if suggestion.score >= LOWEST_SHOWN else "<1%"
    print_text(f"{place:>3}. {chance:>4}  {suggestion.issue}  {suggestion.title}")
    print_text(f"            {', '.join(marks)}; {suggestion.url}")
    if suggestion.similar:
        print_text(f"            by its duplicate {suggestion.similar}")
    for line in _lines(suggestion.reasons):
        print_text(f"            {line}")


def _age(opened: str, asked: str) -> str:
    """Return how long before the query an issue was opened: ", 12 days before"."""
    if not asked:
        return ""
    days = (datetime.fromisoformat(asked) - datetime.fromisoformat(opened)).days
    return f", {days:,} {'day' if days == 1 else 'days'} before" if days >= 0 else ""


def _lines(reasons: "Reasons") -> list[str]:
    """Return the reasons as lines."""
    lines = [f"in both: {line}" for line in reasons.error_lines]
    if reasons.rare_words:
        lines.append(f"rare words in both: {', '.join(reasons.rare_words)}")
    same = "; the same author" if reasons.same_author else ""
    return [*lines, f"{reasons.title_words:.0%} of the title words; cosine {reasons.cosine:.2f}{same}"]


def _write_backtest(replayed: "Backtest", name: str, html: Path | None, *, as_json: bool) -> None:
    from gis.files import write_text
    from gis.finder.report import render_report

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
