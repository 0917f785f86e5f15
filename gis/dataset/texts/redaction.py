"""Take out of a text what points to a person or opens a door: each find is replaced and counted."""

import ipaddress
import re
from collections import Counter

KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL
)
TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}|glpat-[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|"
    r"(?<=hooks\.slack\.com/services/)[\w/]{20,}|ya29\.[\w-]{10,}|xox[abeprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{10,}|sk-(?:proj-|ant-)?[\w-]{20,}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}|"
    r"AIza[\w-]{35}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
)
SECRET = re.compile(
    r"(?P<name>(?<![A-Za-z0-9])(?:(?:(?:api|access|account|secret)[_-]?key|secret|token|password|"
    r"passwd)[\"']?\s*[:=]\s*[\"']?|(?:bearer|authorization:\s*(?:token|basic|bearer))[\"']?\s*[:= ]\s*[\"']?))"
    r"(?P<value>[A-Za-z0-9+/_.-]{16,}={0,2})",
    re.IGNORECASE,
)
LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:\[\]]{1,64}:[^\s/@\[\]]{1,128}(?=@)")
EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[^\W\d_]{2,24}\b")
PROMPT = re.compile(
    r"(?<![\w.@-])(?!user@host\b)[a-z_][\w-]{0,31}@(?=[A-Za-z])[\w-]{1,63}(?=:[~/]|[: ][~/$#])", re.MULTILINE
)
PROFILE = re.compile(
    r"(?P<host>(?<![\w.-])(?:www\.)?github\.com/)(?!(?:user|features|about|topics|orgs|issues|pulls)\b)"
    r"[A-Za-z0-9][\w-]{0,38}(?![\w-]|/\w)"
)
HOME = re.compile(
    r"(?P<root>/home/|/Users/|\b[A-Za-z]:[\\/]+(?:Users|Documents and Settings)[\\/]+)"
    r"(?P<user>[^\s/\\:\"'<>|]+(?: [^\s/\\:\"'<>|]+(?=[\\/]))?)",
    re.IGNORECASE,
)
SHARED_HOMES = frozenset(
    {"user", "runner", "travis", "root", "public", "default", "shared", "build", "ubuntu", "circleci"}
)
IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![\w:])")
MENTION = re.compile(
    r"(?<![A-Za-z\d/@.`])@(?!mention(?!-?[A-Za-z\d]))[A-Za-z\d](?:[A-Za-z\d]|[-_](?=[A-Za-z\d])){0,38}(?![A-Za-z\d]|[/.-]\w)"
)
VERSION = re.compile(r"(?:\bv|version|release|build)[ =:]*$", re.IGNORECASE)


def redact(text: str, found: Counter[str]) -> str:
    """``text`` without keys, tokens, e-mails, homes, addresses of machines and mentions; adds to the counts.

    Mentions are kept inside inline code and fences, where ``@`` mostly starts a decorator.
    """

    def put(kind: str, placeholder: str) -> str:
        found[kind] += 1
        return placeholder

    text = KEY.sub(lambda _: put("key", "[key]"), text)
    text = TOKEN.sub(lambda _: put("token", "[token]"), text)
    text = SECRET.sub(
        lambda match: match["name"] + put("token", "[token]") if _random(match["value"]) else match[0], text
    )
    text = LOGIN_IN_ADDRESS.sub(lambda _: put("token", "[token]"), text)
    text = EMAIL.sub(lambda _: put("email", "[email]"), text)
    text = HOME.sub(
        lambda match: match[0] if match["user"].lower() in SHARED_HOMES else put("home", f"{match['root']}user"), text
    )
    text = PROMPT.sub(lambda _: put("prompt", "user@host"), text)
    if "github.com/" in text:
        text = PROFILE.sub(lambda match: match["host"] + put("mention", "user"), text)
    text = IPV4.sub(lambda match: put("ip", "[ip]") if _is_address(match) else match[0], text)
    text = IPV6.sub(lambda match: put("ip", "[ip]") if _is_address(match) else match[0], text)
    return "".join(
        part if code else MENTION.sub(lambda _: put("mention", "@mention"), part) for code, part in _split(text)
    )


def _random(value: str) -> bool:
    """Whether a value looks made by a machine: digits and letters, not words."""
    return bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value)) and not re.search(
        r"example|your|xxx", value, re.I
    )


def _is_address(match: re.Match[str]) -> bool:
    """Whether a run of numbers is the address of a machine that others can reach, and not a version."""
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or VERSION.search(match.string[: match.start()][-10:]):
        return False
    if address.version == 6:
        return match[0].count(":") > 2
    return str(address) != "255.255.255.255"


CODE = re.compile(r"^[ ]{0,3}(?:```+|~~~+).*?(?:^[ ]{0,3}(?:```+|~~~+)[ \t]*$|\Z)|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def _split(text: str) -> list[tuple[bool, str]]:
    """Runs of code and of prose, in turn."""
    parts: list[tuple[bool, str]] = []
    end = 0
    for match in CODE.finditer(text):
        parts += [(False, text[end : match.start()]), (True, match[0])]
        end = match.end()
    return [*parts, (False, text[end:])]
