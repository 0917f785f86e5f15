"""The marker of a comment of gis find: hidden in its first line, it names the candidates and how sure they were.

``<!-- gis find octo/widgets#1=0.9312 octo/widgets#7=0.4100 certificate=3f2a8c6b91d0 -->``

By it a comment is found again to be updated, and what became of its candidates is counted. Anyone can write one, so
that whoever reads it looks at the author of the comment, too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gis.errors import GisError

MARKER_START = "<!-- gis find"  # with what follows it, the first line of a comment
NAME = r"[A-Za-z0-9][\w-]{0,38}+/[\w.-]{1,100}+#[1-9]\d{0,8}+"
CANDIDATE = re.compile(rf"({NAME})=([01]\.\d{{4}})", re.ASCII)
MARKER = re.compile(
    rf"{MARKER_START}((?: {NAME}=[01]\.\d{{4}}){{0,5}}+)(?: certificate=([0-9a-f]{{12}}))? -->", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What a comment of gis find suggests.

    Attributes:
        candidates: OWNER/NAME#N of each candidate and its score, the best first; five at most.
        certificate: The id of the certificate that it was suggested by; "" for a list without one.
    """

    candidates: Sequence[tuple[str, float]]
    certificate: str = ""

    def __str__(self) -> str:
        """Return the line that a comment begins with."""
        named = "".join(f" {name}={score:.4f}" for name, score in self.candidates)
        line = f"{MARKER_START}{named}{f' certificate={self.certificate}' if self.certificate else ''} -->"
        if MARKER.fullmatch(line) is None:
            raise GisError(f"no marker names {named.strip()!r:.200}")
        return line


def marker_in(comment: str) -> Marker | None:
    """Return the marker that a comment begins with, or None."""
    match = MARKER.match(comment)
    if match is None:
        return None
    candidates = tuple((name, float(score)) for name, score in CANDIDATE.findall(match[1]))
    return Marker(candidates=candidates, certificate=match[2] or "")
