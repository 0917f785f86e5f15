"""Findings as JSON: what passes from the job that reads a repository to the one that may write to it.

The job that finds has read texts of strangers, so that nothing in its file is taken on trust: whatever is not of the
form that ``gis find --json`` prints is refused, addresses are made anew, and a comment is rendered from the fields.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from gis.errors import GisError, UsageError
from gis.files import read_written_by_hand
from gis.finder.find import MOST, Finding, Suggestion
from gis.finder.reasons import MOST_LINES, MOST_WORDS, Reasons
from gis.marker import NAME

MOST_FINDINGS = 1000
LONGEST_TEXT = 65_536  # characters; comments cut what is long
ISSUE = re.compile(NAME, re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
CERTIFICATE = re.compile(r"(?:[0-9a-f]{12})?", re.ASCII)
REMEDY = "make it with gis find --json"


def findings_json(findings: Sequence[Finding]) -> str:
    """Return findings as JSON."""
    return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False)


def read_findings(path: Path, repository: str, web_url: str) -> list[Finding]:
    """Read findings about the issues of one repository.

    Args:
        path: What ``findings_json`` made.
        repository: OWNER/NAME, the only one that findings may be about and name.
        web_url: The address of the server's pages, from which those of the issues are made.

    Raises:
        UsageError: The repository's name is not one.
        GisError: The file cannot be read, or anything in it is not as ``gis find`` writes it.
    """
    if not ISSUE.fullmatch(f"{repository}#1"):
        raise UsageError(f"'{repository}' is not a repository", remedy="write --repo OWNER/NAME")
    try:
        return _findings(json.loads(read_written_by_hand(path)), repository, web_url)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise GisError(f"{path} holds no findings that can be written: {error}", remedy=REMEDY) from error


def _findings(content: Any, repository: str, web_url: str) -> list[Finding]:  # noqa: ANN401 - whatever a file holds
    if not isinstance(content, list) or len(content) > MOST_FINDINGS:
        raise TypeError(f"it is not a list of at most {MOST_FINDINGS:,} findings")
    findings = [_finding(row, repository, web_url) for row in content]
    if len({finding.query.lower() for finding in findings}) < len(findings):
        raise ValueError("an issue is in it twice")
    return findings


def _finding(row: Any, repository: str, web_url: str) -> Finding:  # noqa: ANN401
    suggestions = tuple(_suggestion(each, repository, web_url) for each in row["suggestions"])
    finding = Finding(**{**row, "suggestions": suggestions})
    _check_name("query", finding.query, repository)
    _check_texts({"title": finding.title, "note": finding.note, "stopped": finding.stopped})
    _check_moment("opened", finding.opened)
    _check_form("certificate", finding.certificate, CERTIFICATE)
    if len(suggestions) > (1 if finding.certificate else MOST):
        raise ValueError(f"{finding.query} has {len(suggestions)} suggestions")
    names = [name.lower() for name in (finding.query, *(each.issue for each in suggestions))]
    if len(set(names)) < len(names):
        raise ValueError(f"{finding.query} is to duplicate itself, or the same issue twice")
    return finding


def _suggestion(row: Any, repository: str, web_url: str) -> Suggestion:  # noqa: ANN401
    reasons = _reasons(row["reasons"])
    suggestion = Suggestion(**{**row, "reasons": reasons})
    _check_name("issue", suggestion.issue, repository)
    if suggestion.similar != "":
        _check_name("similar", suggestion.similar, repository)
    _check_texts({"title": suggestion.title})
    _check_moment("opened", suggestion.opened)
    _check_share("score", suggestion.score)
    if suggestion.state not in ("open", "closed") or not isinstance(suggestion.ruled, bool):
        raise ValueError(f"{suggestion.issue}: the state is {suggestion.state!r:.40}")
    name, _, number = suggestion.issue.partition("#")
    if suggestion.url != f"{web_url}/{name}/issues/{number}":
        raise ValueError(f"{suggestion.url!r:.200} is not the address of {suggestion.issue}")
    return suggestion


def _reasons(row: Any) -> Reasons:  # noqa: ANN401
    reasons = Reasons(**{**row, "error_lines": tuple(row["error_lines"]), "rare_words": tuple(row["rare_words"])})
    if len(reasons.error_lines) > MOST_LINES or len(reasons.rare_words) > MOST_WORDS:
        raise ValueError("there are too many reasons")
    _check_texts(dict(enumerate((*reasons.error_lines, *reasons.rare_words))))
    _check_share("title_words", reasons.title_words)
    _check_share("cosine", reasons.cosine, lowest=-1.01, highest=1.01)
    if not isinstance(reasons.same_author, bool):
        raise TypeError("same_author is not true or false")
    return reasons


def _check_name(field: str, name: object, repository: str) -> None:
    if not isinstance(name, str) or not ISSUE.fullmatch(name):
        raise ValueError(f"{field} is {name!r:.80}, not OWNER/NAME#N")
    if name.partition("#")[0].lower() != repository.lower():
        raise ValueError(f"{field} is {name}, which is not of {repository}")


def _check_texts(texts: dict[Any, object]) -> None:
    for field, text in texts.items():
        if not isinstance(text, str) or len(text) > LONGEST_TEXT:
            raise ValueError(f"{field} is not a text of at most {LONGEST_TEXT:,} characters")


def _check_form(field: str, text: object, form: re.Pattern[str]) -> None:
    if not isinstance(text, str) or not form.fullmatch(text):
        raise ValueError(f"{field} is {text!r:.80}")


def _check_moment(field: str, text: object) -> None:
    _check_form(field, text, MOMENT)
    datetime.fromisoformat(str(text))  # which knows how many days a month has


def _check_share(field: str, number: object, *, lowest: float = 0.0, highest: float = 1.0) -> None:
    if isinstance(number, bool) or not isinstance(number, int | float) or not lowest <= number <= highest:
        raise ValueError(f"{field} is {number!r:.40}, not a number from {lowest:g} to {highest:g}")
