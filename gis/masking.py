"""Secrets must not leave the process: the one function that masks them in a text."""

import os
import re
from typing import Any
from urllib.parse import quote

MASK = "***"
SHORTEST_SECRET = 6  # shorter ones, such as a server's dummy key "none", would mask ordinary words
# Both stop at the next slash or blank, so that no text takes long.
CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
QUERY = re.compile(
    r"([?&](?:[\w-]{0,40}(?:key|token|secret|password|signature)|sig)=)[^&\s'\"]+",
    re.IGNORECASE,
)

# Variables of the environment that hold secrets by their names: HF_TOKEN, OPENAI_API_KEY, AWS_SECRET_ACCESS_KEY. Those
# of passwords are left out: a password may be an ordinary word.
VARIABLE = re.compile(r"(?:^|_)(?:API_?KEY|ACCESS_KEY|TOKEN)$", re.IGNORECASE)

_secrets: set[str] = set()  # of this process that its environment does not name as such


def remember_secret(secret: str) -> str:
    """Return ``secret``, which ``masked`` takes out of every text from now on."""
    if len(secret) >= SHORTEST_SECRET:
        _secrets.update((secret, quote(secret, safe="")))
    return secret


def masked(text: str) -> str:
    """Return ``text`` without the secrets of this process, passwords in addresses and keys in their queries."""
    for name, value in os.environ.items():
        if VARIABLE.search(name):
            remember_secret(value.strip())
    for secret in sorted(_secrets, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(secret, MASK)
    return QUERY.sub(rf"\1{MASK}", CREDENTIALS.sub(f"{MASK}@", text))


def masked_values(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every text in it ``masked``; its keys stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [masked_values(member) for member in value]
    return {key: masked_values(member) for key, member in value.items()} if isinstance(value, dict) else value
