"""The comment that names the possible duplicates of an issue, as Markdown in which no text of an issue acts.

Whatever people wrote stands in code, so that it mentions nobody and links to nothing. The addresses lead over a host of
which GitHub makes no cross-reference, so that the candidates' own pages stay as they are.
"""

from dataclasses import replace

from gis.collector.servers import GITHUB
from gis.finder.find import LOW_SCORE, Finding, Suggestion
from gis.finder.in_words import age, percent, reasons_in_words
from gis.markdown import code_span
from gis.marker import Marker
from gis.masking import masked

UNREFERENCED = "https://redirect.github.com"  # leads to github.com; links to it make no cross-reference there
LONGEST = 300  # characters of a title or a line


def worth_saying(finding: Finding) -> Finding:
    """Return a finding with those candidates that people should be asked to look at: nobody reads a list of guesses.

    What a certificate covers stays: people have judged such scores.
    """
    if finding.certificate:
        return finding
    sure = tuple(each for each in finding.suggestions if each.score >= LOW_SCORE)
    note = finding.note if sure or not finding.suggestions else f"no score is {LOW_SCORE:.0%} or more"
    return replace(finding, suggestions=sure, note=note)


def comment_of(finding: Finding, earlier: Marker | None = None) -> str:
    """Return the comment for a finding; without suggestions, the one that takes an earlier comment back.

    Args:
        finding: What was found.
        earlier: The marker of the comment that is there. One that takes it back keeps it: what people answered to it
            is counted all the same.
    """
    if not finding.suggestions:
        marker = earlier or Marker(candidates=())
        return f"{marker}\nNo older issue looks like this one any more. What was named here before may have changed.\n"
    marker = Marker(
        candidates=[(each.issue, round(each.score, 4)) for each in finding.suggestions],
        certificate=finding.certificate,
    )
    head = "This looks like a duplicate of:" if finding.certificate else "Possible duplicates:"
    listed = "\n".join(_item(place, each, finding) for place, each in enumerate(finding.suggestions, 1))
    return f"{marker}\n{head}\n\n{listed}\n\n{_foot(finding)}\n"


def repeated(marker: Marker) -> str:
    """Return what stands in a second comment, which two machines may make that write at the same time."""
    return f"{marker}\nAn earlier comment on this page names what was found.\n"


def rationale_of(suggestion: Suggestion) -> str:
    """Return why an issue is suggested as what another one duplicates, as one line in which no text of theirs acts."""
    return "; ".join([f"score {percent(suggestion.score)}", *reasons_in_words(suggestion.reasons, quoted=_code)])


def _item(place: int, suggestion: Suggestion, finding: Finding) -> str:
    link = f"[{_code(suggestion.title)}]({_address(suggestion.url)})"
    lines = [
        f"{place}. {link} ({_named(suggestion.issue, finding)}, {suggestion.state}, opened {suggestion.opened[:10]}"
        f"{age(suggestion.opened, finding.opened)}): **{percent(suggestion.score)}**"
    ]
    if suggestion.similar:
        lines.append(f"   - by its duplicate, {_named(suggestion.similar, finding)}")
    lines += [f"   - {line}" for line in reasons_in_words(suggestion.reasons, quoted=_code)]
    return "\n".join(lines)


def _named(issue: str, finding: Finding) -> str:
    """Return what an issue is called on the page of another one: never as #N, which would refer to it."""
    (repository, _, number), (own, _, _) = issue.partition("#"), finding.query.partition("#")
    return f"issue {number}" if repository.lower() == own.lower() else f"issue {number} of {_code(repository)}"


def _foot(finding: Finding) -> str:
    chance = "The percentage is the chance that people would rule so, as they ruled on other issues in the past."
    if finding.certificate:
        chance += " People reviewed suggestions of this repository that were as sure as this one."
    return f"<sub>{chance} 👍 if one is right, 👎 if none is: that is counted. Written by gis; it closes nothing.</sub>"


def _address(url: str) -> str:
    return f"{UNREFERENCED}{url.removeprefix(GITHUB)}" if url.startswith(f"{GITHUB}/") else url


def _code(text: str) -> str:
    text = masked(text)  # whole: half of a secret is not recognized
    return code_span(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
