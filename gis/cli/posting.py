"""What gis find writes to GitHub: shown first, and posted where asked."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gis import api
from gis.cli.app import print_notes, print_text
from gis.errors import CombinedError, GisError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.console import Reporter
    from gis.finder.find import Finding


def read_findings(path: Path, repository: str | None, api_url: str, *, only: "Sequence[str]") -> "list[Finding]":
    """Read findings that an earlier search printed as JSON.

    Args:
        path: Where they are.
        repository: OWNER/NAME that they are about.
        api_url: Of the server that has it.
        only: OWNER/NAME#N of each issue that they may be about; of none, all of the repository.

    Raises:
        UsageError: The repository is not given.
        GisError: They are not what gis find prints, or about other issues.
    """
    if repository is None:
        raise UsageError("--from needs the repository whose issues may be in the file", remedy="add --repo OWNER/NAME")
    findings = api.read_findings(path, repository, api_url=api_url)
    named = {name.lower() for name in only}
    others = [finding.query for finding in findings if named and finding.query.lower() not in named]
    if others:
        raise GisError(f"{path} is about {others[0]}, which was not named", remedy="name it, too, or no issue")
    return findings


def write_findings(
    findings: "Sequence[Finding]", *, suggest: bool, dry_run: bool, api_url: str, insecure: bool, reporter: "Reporter"
) -> None:
    """Show the comments on issues, or write them.

    Raises:
        CombinedError: Something could not be written.
        GisError: Nothing can be.
    """
    if dry_run:
        _show(findings, suggest=suggest)
        print_notes(f"nothing was sent; to write to {urlsplit(api_url).netloc}, add --post")
        return
    errors = []
    for posted in api.post_findings(findings, suggest=suggest, api_url=api_url, insecure=insecure, reporter=reporter):
        suggested = "; suggested to close it as a duplicate" if posted.suggested else ""
        print_text(f"{posted.issue}: {posted.action}{suggested} ({posted.detail})")
        errors += [] if posted.error is None else [posted.error]
    if errors:
        raise CombinedError(errors)


def _show(findings: "Sequence[Finding]", *, suggest: bool) -> None:
    from gis.finder.posting.comment import comment_of, rationale_of, worth_saying

    for finding in map(worth_saying, findings):
        if finding.stopped:
            print_text(f"{finding.query}: nothing is written: {finding.stopped}")
            continue
        if not finding.suggestions:
            print_text(f"{finding.query}: no comment, or an earlier one is taken back: {finding.note}")
            continue
        print_text(f"{finding.query}: this comment, unless the issue is closed or locked:")
        for line in comment_of(finding).splitlines():
            print_text(f"    {line}")
        if suggest and finding.certificate:
            (first,) = finding.suggestions
            print_text(f"    and a suggestion to close it as a duplicate of {first.issue}: {rationale_of(first)}")
