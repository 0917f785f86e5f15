"""Secrets must not leave the process: the one function that masks them in a text."""

import re
from urllib.parse import quote

MASK = "***"
SHORTEST_SECRET = 6  # shorter ones, such as a server's dummy key "none", would mask ordinary words
# Both stop at the next slash or blank, so that no text takes long.
CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
QUERY = re.compile(
    r"([?&](?:\w*(?:key|token|secret|password)|sig|signature)=)[^&\s'\"]+",
    re.IGNORECASE,
)

_secrets: set[str] = set()  # of this process: whoever reads one from the environment adds it


def remember_secret(secret: str) -> str:
    """Return ``secret``, which ``masked`` takes out of every text from now on."""
    if len(secret) >= SHORTEST_SECRET:
        _secrets.update((secret, quote(secret, safe="")))
    return secret


def masked(text: str) -> str:
    """Return ``text`` without remembered secrets, passwords in addresses and keys in their queries."""
    for secret in sorted(_secrets, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(secret, MASK)
    return QUERY.sub(rf"\1{MASK}", CREDENTIALS.sub(f"{MASK}@", text))
