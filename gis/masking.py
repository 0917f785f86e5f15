"""Secrets must not leave the process: the one function that masks them in a text."""

import logging
import os
import re
import traceback
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MASK = "***"
SHORTEST_SECRET = 6  # shorter ones, such as a server's dummy key "none", would mask ordinary words
# Both stop at the next slash or blank, so that no text takes long.
CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
QUERY = re.compile(
    r"([?&](?:[\w-]{0,40}(?:key|token|secret|password|signature)|sig)=)[^&\s'\"]+",
    re.IGNORECASE,
)
# What a client sends in a header, which servers repeat: "Bearer …", also of tokens that were made for one request
AUTHORIZATION = re.compile(
    r"(\b(?:bearer|basic|token)[ \t]{1,4})(?=[A-Za-z+/.~_-]{0,200}\d)[A-Za-z0-9+/.~_-]{12,}+=*+", re.IGNORECASE
)
# Variables of the environment that hold secrets by their names: HF_TOKEN, OPENAI_API_KEY, AWS_SECRET_ACCESS_KEY. Those
# of passwords are left out: a password may be an ordinary word.
VARIABLE = re.compile(r"(?:^|_)(?:API_?KEY|ACCESS_KEY|TOKEN)$", re.IGNORECASE)

_secrets: set[str] = set()  # of this process that its environment does not name as such


def remember_secret(secret: str) -> str:
    """Return ``secret``, which ``masked`` takes out of every text from now on."""
    if len(secret) >= SHORTEST_SECRET:
        _secrets.update((secret, quote(secret, safe=""), quote(secret)))
    return secret


def remember_address(address: str) -> str:
    """Return ``address``, whose password and keys ``masked`` takes out of every text from now on."""
    try:
        parts = urlsplit(address)
    except ValueError:  # not an address
        return address
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    remember_secret(password or user)  # https://TOKEN@host has no password
    if user or password:
        remember_secret(b64encode(f"{user}:{password}".encode()).decode())  # as it is sent
    for name, value in parse_qsl(parts.query):
        if QUERY.fullmatch(f"?{name}=x"):
            remember_secret(value)
    return address


def masked(text: str) -> str:
    """Return ``text`` without the secrets of this process, passwords in addresses and keys in their queries."""
    for name, value in os.environ.items():
        if VARIABLE.search(name):
            remember_secret(value.strip())
        elif "://" in value:
            remember_address(value.strip())  # of a proxy, a mirror, a database
    for secret in sorted(_secrets, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(secret, MASK)
    text = QUERY.sub(rf"\1{MASK}", CREDENTIALS.sub(f"{MASK}@", text))
    return AUTHORIZATION.sub(rf"\1{MASK}", text)


def masked_values(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every text in it ``masked``; its keys stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [masked_values(member) for member in value]
    return {key: masked_values(member) for key, member in value.items()} if isinstance(value, dict) else value


@contextmanager
def masked_logs() -> Iterator[None]:
    """Mask all that is logged in this block, by any library."""
    make_record = logging.getLogRecordFactory()

    def masked_record(*arguments: Any, **named: Any) -> logging.LogRecord:  # noqa: ANN401
        record = make_record(*arguments, **named)
        record.msg, record.args = masked(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = masked("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return record

    logging.setLogRecordFactory(masked_record)
    try:
        yield
    finally:
        logging.setLogRecordFactory(make_record)
