"""Redaction: replace what points to a person or gives access to something, and count each kind.

The patterns of tokens follow the formats that GitHub, GitLab, AWS, Google, Slack, Stripe, OpenAI, Hugging Face, npm and
PyPI publish for theirs.
"""

import ipaddress
import re
from collections import Counter
from functools import cache

from gis.dataset.issues.references import GITHUB_HOST
from gis.markdown_spans import parts

PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL
)
TOKEN = re.compile(
    r"""
    \b(?: gh[pousr]_[A-Za-z0-9]{30,} | github_pat_\w{40,} | glpat-[\w-]{20,}          # GitHub, GitLab
        | (?:AKIA|ASIA)[A-Z0-9]{16} | AIza[\w-]{35} | ya29\.[\w-]{10,}                # AWS, Google
        | (?<=hooks\.slack\.com/services/)[\w/]{20,} | xox[abeprs]-[\w-]{10,}         # Slack
        | [sr]k_(?:live|test)_\w{10,} | sk-(?:proj-|ant-)?[\w-]{20,}                  # Stripe; OpenAI, Anthropic
        | hf_[A-Za-z0-9]{30,} | npm_[A-Za-z0-9]{36} | pypi-[\w-]{50,}
        | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}                                    # JSON Web Token
    )
    """,
    re.VERBOSE,
)
SECRET = re.compile(
    r"""
    (?P<name> (?<![A-Za-z0-9])
        (?: (?: (?:api|access|account|secret)[_-]?key | secret | token | password | passwd )["']?\s*[:=]\s*["']?
          | (?: bearer | authorization:\s*(?:token|basic|bearer) )["']?\s*[:=\ ]\s*["']? ) )
    (?P<value> [A-Za-z0-9+/_.-]{16,}={0,2} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:\[\]]{1,64}:[^\s/@\[\]]{1,128}(?=@)")  # https://USER:PASSWORD@host
EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[^\W\d_]{2,24}\b")
SHELL_PROMPT = re.compile(
    r"(?<![\w.@-])(?!user@host\b)[a-z_][\w-]{0,31}@(?=[A-Za-z])[\w-]{1,63}(?=:[~/]|[: ][~/$#])", re.MULTILINE
)
HOME_FOLDER = re.compile(
    r"""
    (?P<root> /home/ | /Users/ | \b[A-Za-z]:[\\/]+(?:Users|Documents\ and\ Settings)[\\/]+ )
    (?P<user> [^\s/\\:"'<>|]+ (?: \ [^\s/\\:"'<>|]+(?=[\\/]) )? )                      # also "Ann Lee"
    """,
    re.VERBOSE | re.IGNORECASE,
)
SHARED_HOME_FOLDERS = frozenset("user runner travis root public default shared build ubuntu circleci".split())
IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![\w:])")
VERSION_BEFORE = re.compile(r"(?:\bv|version|release|build)[ =:]*$", re.IGNORECASE)
MENTION = re.compile(
    r"""
    (?<![A-Za-z\d/@.`]) @ (?! mention(?!-?[A-Za-z\d]) )
    [A-Za-z\d] (?: [A-Za-z\d] | [-_](?=[A-Za-z\d]) ){0,38} (?! [A-Za-z\d] | [/.-]\w )  # but not @scope/package
    """,
    re.VERBOSE,
)


def redact(text: str, counts: Counter[str], host: str = GITHUB_HOST) -> str:
    """Replace keys, tokens, e-mail addresses, home folders, shell prompts, network addresses and mentions.

    Mentions stay inside inline code and fences, where ``@`` mostly starts a decorator. Redacting twice changes nothing.

    Args:
        text: Markdown, plain text or HTML.
        counts: Replacements by kind; those made here are added.
        host: Host name of the server that the text is from: addresses of profiles there count as mentions.

    Returns:
        The text with a placeholder for each.
    """

    def count(kind: str, placeholder: str) -> str:
        counts[kind] += 1
        return placeholder

    def secret(match: re.Match[str]) -> str:
        return match["name"] + count("token", "[token]") if _is_random(match["value"]) else match[0]

    def home_folder(match: re.Match[str]) -> str:
        return match[0] if match["user"].lower() in SHARED_HOME_FOLDERS else count("home", f"{match['root']}user")

    def network_address(match: re.Match[str]) -> str:
        return count("ip", "[ip]") if _is_reachable_address(match) else match[0]

    text = PRIVATE_KEY.sub(lambda _: count("key", "[key]"), text)
    text = TOKEN.sub(lambda _: count("token", "[token]"), text)
    text = SECRET.sub(secret, text)
    text = LOGIN_IN_ADDRESS.sub(lambda _: count("token", "[token]"), text)
    text = EMAIL.sub(lambda _: count("email", "[email]"), text)
    text = HOME_FOLDER.sub(home_folder, text)
    text = SHELL_PROMPT.sub(lambda _: count("prompt", "user@host"), text)
    if f"{GITHUB_HOST}/" in text or f"{host}/" in text:  # much faster than the pattern
        text = _profile(host).sub(lambda match: match["host"] + count("mention", "user"), text)
    text = IPV4.sub(network_address, text)
    text = IPV6.sub(network_address, text)
    return "".join(
        part if kind else MENTION.sub(lambda _: count("mention", "@mention"), part)
        for kind, part in parts(text, "fence", "inline_code")
    )


@cache
def _profile(host: str) -> re.Pattern[str]:
    """Return the pattern of a profile's address: on github.com, and on the server that the text is from."""
    hosts = "|".join(re.escape(name) for name in sorted({GITHUB_HOST, host}))
    return re.compile(
        rf"""
        (?P<host> (?<![\w.-]) (?:www\.)? (?:{hosts})/ )
        (?! (?: user|features|about|topics|orgs|issues|pulls )\b )
        [A-Za-z0-9][\w-]{{0,38}} (?! [\w-] | /\w )
        """,
        re.VERBOSE,
    )


def _is_random(value: str) -> bool:
    """Return whether a value looks generated: digits and letters, and no word that stands for a real one."""
    has_both = re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
    return bool(has_both) and not re.search(r"example|your|xxx", value, re.IGNORECASE)


def _is_reachable_address(match: re.Match[str]) -> bool:
    """Return whether a match is the address of a machine that others can reach, and not a version or a time."""
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or VERSION_BEFORE.search(match.string[: match.start()][-10:]):
        return False
    if address.version == 6:
        return match[0].count(":") > 2
    return str(address) != "255.255.255.255"
