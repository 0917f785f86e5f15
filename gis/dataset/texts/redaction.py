"""Redaction: replace what points to a person or gives access to something, and count each kind.

Tokens are known by the formats that services publish for theirs: tokens.toml has some sixty.
"""

import ipaddress
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gis.dataset.issues.references import GITHUB_HOST
from gis.markdown_spans import parts

KEY_LINE = r"(?:(?!PRIVATE)[A-Z ]){0,20}+PRIVATE KEY(?: BLOCK)?-----"
PRIVATE_KEY = re.compile(  # to its end, or to that of the text
    rf"-----BEGIN {KEY_LINE}(?:[^-]++|-(?!----END {KEY_LINE}))*+(?:-----END {KEY_LINE})?"
)
SECRET = re.compile(
    r"""
    (?P<name> (?<![A-Za-z0-9])
        (?: (?: (?:api|access|account|secret)[_-]?key | secret | token | password | passwd )["']?
              \s{0,8}+[:=]\s{0,8}+["']?
          | (?: bearer | authorization:\s{0,8}+(?:token|basic|bearer) )["']?\s{0,8}[:=\ ]\s{0,8}+["']? ) )
    (?P<value> [A-Za-z0-9+/_.-]{16,}={0,2} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
PASSWORD = re.compile(
    r"""
    (?P<name> (?<![A-Za-z0-9]) (?: password | passwd | pwd )["']? \s{0,8}+ (?: => | [:=] ) \s{0,8}+ ["']? )
    (?P<value> [^\s"'`,;<>()\[\]{}$%\\]{6,64}+ ) (?! [\w(\[] )
    """,
    re.VERBOSE | re.IGNORECASE,
)
NETRC = re.compile(  # machine example.org login ann password …
    r"(?P<login>\blogin\s{1,8})[^\s\[]\S{0,63}(?P<password>\s{1,8}password\s{1,8})[^\s\[]\S{0,127}", re.IGNORECASE
)
COOKIE = re.compile(r"(?P<name>\b(?:Set-)?Cookie:\s{0,4})[\w.%-]{1,64}=[^\n\"']{4,4000}+", re.IGNORECASE)
PHONE = re.compile(r"\+(?<![\w+.(/-].)(?P<number>[1-9](?:[\d().-]|\ (?=[\d(])){6,21}+)(?!\w)")
SAID_PHONE = re.compile(
    r"(?P<word>\b(?:phone|tel|telephone|mobile|fax|whatsapp)\b[^\w(+\n]{1,4})"
    r"(?P<number>[+(]{0,2}(?:[\d().-]|\ (?=[\d(])){7,22}+)(?!\w)",
    re.IGNORECASE,
)
PHONE_DIGITS = range(8, 16)  # of an international number, by E.164
LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:\[\]]{1,64}:[^\s/@\[\]]{1,128}(?=@)")  # https://USER:PASSWORD@host
# But not git@github.com:octo/widgets, which names nobody.
EMAIL = re.compile(
    r"(?<![\w.%+-])(?!(?:git|hg|svn)@)[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[^\W\d_]{2,24}\b"
)
SHELL_PROMPT = re.compile(
    r"""
    (?<![\w.@-]) (?!user@host\b) [a-z_][\w-]{0,31} @ (?=[A-Za-z]) [\w.-]{1,63}
    (?: (?= :[~/] | [:\ ][~/$\#] )                          # ann@laptop:~$
      | (?= \ [^\]\n]{1,80} \] [$\#%] )                     # [ann@laptop src]$
    )
    """,
    re.VERBOSE,
)
UNAME = re.compile(  # what "uname -a" prints: the system, the host, its release, and then the build
    r"""
    \b (?P<system> Linux | Darwin | FreeBSD | OpenBSD | NetBSD | DragonFly ) \ (?! host\ ) [\w.-]{1,64}
    (?= \ \d[\w.+~-]{1,60} \ (?: \#\d | Darwin\ Kernel | \w{3,6}BSD | DragonFly | GENERIC ) )
    """,
    re.VERBOSE,
)
HOME_FOLDER = re.compile(
    r"""
    (?P<root> /home/ | /Users/ | \b[A-Za-z]:[\\/]+(?:Users|Documents\ and\ Settings)[\\/]+ )
    (?P<user> [^\s/\\:"'<>|]+ (?: \ [^\s/\\:"'<>|]+(?=[\\/]) )? )                      # also "Ann Lee"
    """,
    re.VERBOSE | re.IGNORECASE,
)
TILDE = re.compile(r"(?<![\w/~.*)\]=<>&|^-])~(?!user/)[a-z][a-z0-9_-]{1,31}(?=/)")  # ~ann/src
SHARED_HOME_FOLDERS = frozenset("user runner travis root public default shared build ubuntu circleci".split())
IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![\w:])")
# What shows that four numbers are an address, or a version or a section, where the numbers alone do not.
VERSION_BEFORE = re.compile(
    r"""
    (?: \b(?: v|ver|versions?|releases?|builds?|sections?|chapter|clause|paragraph|rule|oid|rfc|driver|firmware|kernel
          | (?:up|down)grad\w*+ | updat\w*+ | install\w*+ | bump\w*+ | requires? | since | package )\b
        [^\w\n]{0,4} (?: (?: is|from|to|of|number|and|than|with|the )\b [^\w\n]{0,4} ){0,3}
      | (?: \b\w{1,40} / | [=@|_] | [~^<>]=? ) \s?             # Chrome/1.2.3.4, widgets==1.2.3.4, | 1.2.3.4 |
    )$
    """,
    re.VERBOSE | re.IGNORECASE,
)
LISTED_BEFORE = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}\s?(?:,|and|to|or|->|\u2192)\s?$")  # "from 1.2.3.4 to" 1.2.3.5
NETWORK = re.compile(
    r"""
    \b(?: ips?|ipv4|address(?:es)?|hosts?|servers?|ping\w*|connect\w*|listen\w*|bind|bound|subnets?|networks?|gateways?
        | dns|ssh|scp|telnet|curl|wget|nc|prox(?:y|ies)|ports?|routers?|routes?|inet|netmask|clients?|peers?|tcp|udp
        | https?(?!:)|traceroute|nslookup|resolv\w*|remote|firewall|vpn|dhcp|nodes?|login )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
NETWORK_BEFORE = re.compile(rf"(?:{NETWORK.pattern})\W{{0,4}}$", re.VERBOSE | re.IGNORECASE)  # "server=1.2.3.4"
VERSION_REACH, LINE_REACH = 60, 120  # characters before and around four numbers, in their line, that are looked at
MOST_JUDGED = 500  # addresses of a text; what has more is a log
LARGEST_VERSION = 31  # four numbers up to this one that nothing explains are a version
MENTION = re.compile(
    r"""
    (?<![A-Za-z\d/@.`]) (?<![\w)\]][(<\[]) (?<![=&~*]) @ (?! mention(?!-?[A-Za-z\d]) | 0x[\da-f] )
    [A-Za-z\d] (?: [A-Za-z\d] | [-_](?=[A-Za-z\d]) ){0,38} (?! [A-Za-z\d] | [/.-]\w )  # but not @scope/package
    """,
    re.VERBOSE,
)


class Rule(NamedTuple):
    """What is replaced by what.

    Attributes:
        kind: The name under which replacements are counted.
        pattern: Finds the candidates.
        placeholder: Returns what to put in place of a match, or None to leave it.
        signs: What a text in lower case must contain, at least one of them, for the pattern to be tried: much faster.
        beyond: What to put in place of all matches after the first ``MOST_JUDGED``, where judging one takes long.
    """

    kind: str
    pattern: re.Pattern[str]
    placeholder: Callable[[re.Match[str]], str | None]
    signs: tuple[str, ...] = ("",)
    beyond: str | None = None

    def apply(self, text: str, counts: Counter[str]) -> str:
        """Return ``text`` with all matches replaced, and add their number to ``counts``."""
        judged = 0

        def replacement(match: re.Match[str]) -> str:
            nonlocal judged
            judged += 1
            is_beyond = self.beyond is not None and judged > MOST_JUDGED
            placeholder = self.beyond if is_beyond else self.placeholder(match)
            if placeholder is None:
                return match[0]
            counts[self.kind] += 1
            return placeholder

        return self.pattern.sub(replacement, text)


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
    if address.is_loopback or address.is_unspecified:
        return False
    if address.version == 6:
        return match[0].count(":") > 2
    return str(address) != "255.255.255.255" and not _is_version(match)


def _is_version(match: re.Match[str]) -> bool:
    """Return whether four numbers are a version or the number of a section, by what is said around them."""
    text, start, end = match.string, match.start(), match.end()
    line_start = text.rfind("\n", max(start - LINE_REACH, 0), start) + 1 or max(start - LINE_REACH, 0)
    before = text[line_start:start]
    if re.match(r":\d{2,5}\b|/\d{1,2}(?![\d.])", text[end : end + 7]) or before.endswith("://"):
        return False  # a port or a network
    if re.match(r" #\d", text[end : end + 3]):
        return True  # of a kernel, as "uname -a" prints it
    version = bool(VERSION_BEFORE.search(LISTED_BEFORE.sub("", before[-VERSION_REACH:])))
    line = before + text[end : end + LINE_REACH].split("\n", 1)[0]
    network = bool(NETWORK.search(line))
    if network and (not version or NETWORK_BEFORE.search(before[-VERSION_REACH:]) or before.endswith("@")):
        return False
    numbers = [int(number) for number in match[0].split(".")]
    return version or match[0].endswith(".0.0.0") or (max(numbers) <= LARGEST_VERSION and numbers[0] != 10)


def _secret(match: re.Match[str]) -> str | None:
    return f"{match['name']}[token]" if _is_random(match["value"]) else None


def _international_phone(match: re.Match[str]) -> str | None:
    """Leave numbers in code: without blanks between its parts, a number to call has eleven digits or more."""
    digits = sum(map(str.isdecimal, match["number"]))
    return _phone(match) if digits >= 11 or not match["number"].isdecimal() else None


def _phone(match: re.Match[str]) -> str | None:
    """Leave sums such as +1 -1; the parts of a number have two digits or more, but for the first."""
    parts = re.findall(r"\d+", match["number"])
    if sum(map(len, parts)) not in PHONE_DIGITS or any(len(part) < 2 for part in parts[1:]) or len(parts) > 6:
        return None
    word = match.groupdict().get("word", "")
    return f"{word}[phone]{'.' if match['number'].endswith('.') else ''}"


def _home_folder(match: re.Match[str]) -> str | None:
    return None if match["user"].lower() in SHARED_HOME_FOLDERS else f"{match['root']}user"


def _network_address(match: re.Match[str]) -> str | None:
    return "[ip]" if _is_reachable_address(match) else None


# In this order: a later rule does not see what an earlier one replaced.
RULES = (
    Rule("key", PRIVATE_KEY, lambda _: "[key]", signs=("private key",)),
    *(
        Rule("token", re.compile(token["pattern"]), lambda _: "[token]", signs=tuple(map(str.lower, token["signs"])))
        for token in tomllib.loads(Path(__file__).with_name("tokens.toml").read_text(encoding="utf-8")).values()
    ),
    Rule("token", COOKIE, lambda match: f"{match['name']}[token]", signs=("cookie:",)),
    Rule("token", NETRC, lambda match: f"{match['login']}user{match['password']}[token]", signs=("login",)),
    Rule("token", SECRET, _secret, signs=("key", "secret", "token", "passw", "bearer", "authorization")),
    Rule("token", PASSWORD, _secret, signs=("passw", "pwd")),
    Rule("token", LOGIN_IN_ADDRESS, lambda _: "[token]", signs=("://",)),
    Rule("email", EMAIL, lambda _: "[email]", signs=("@",)),
    Rule("home", HOME_FOLDER, _home_folder, signs=("/home/", "users", "documents and settings")),
    Rule("home", TILDE, lambda _: "~user", signs=("~",)),
    Rule("prompt", SHELL_PROMPT, lambda _: "user@host", signs=("@",)),
    Rule("host", UNAME, lambda match: f"{match['system']} host", signs=("linux", "darwin", "bsd", "dragonfly")),
    Rule("phone", PHONE, _international_phone, signs=("+",)),
    Rule("phone", SAID_PHONE, _phone, signs=("phone", "tel:", "tel.", "mobile", "fax", "whatsapp")),
    Rule("ip", IPV4, _network_address, signs=(".",), beyond="[ip]"),
    Rule("ip", IPV6, _network_address, signs=(":",)),
)
SIGNS = tuple((sign, n) for n, rule in enumerate(RULES) for sign in rule.signs)


def _mention(match: re.Match[str]) -> str | None:
    """Leave code such as ``cons(int,@list)``: in prose a blank follows a comma, or another mention precedes it."""
    before = match.string[max(match.start() - 42, 0) : match.start()]
    is_code = before.endswith(",") and not re.search(r"@[\w-]+,$", before)
    return None if is_code else "@mention"


MENTION_RULE = Rule("mention", MENTION, _mention)


def redact(text: str, counts: Counter[str], host: str = GITHUB_HOST) -> str:
    """Replace keys, tokens, passwords, cookies, addresses, phone numbers, home folders, prompts and mentions.

    Mentions stay inside inline code and fences, where ``@`` mostly starts a decorator. Redacting twice changes nothing.

    Args:
        text: Markdown, plain text or HTML.
        counts: Replacements by kind; those made here are added.
        host: Host name of the server that the text is from: addresses of profiles there count as mentions.

    Returns:
        The text with a placeholder for each.
    """
    lowered = text.lower()
    for n in sorted({n for sign, n in SIGNS if sign in lowered}):
        text = RULES[n].apply(text, counts)
    if f"{GITHUB_HOST}/" in text or f"{host}/" in text:  # much faster than the pattern
        text = _profile_rule(host).apply(text, counts)
    if "@" not in text:
        return text
    return "".join(
        part if kind else MENTION_RULE.apply(part, counts) for kind, part in parts(text, "fence", "inline_code")
    )


@cache
def _profile_rule(host: str) -> Rule:
    """Return the rule for addresses of profiles: on github.com, and on the server that the text is from."""
    hosts = "|".join(re.escape(name) for name in sorted({GITHUB_HOST, host}))
    pattern = re.compile(
        rf"""
        (?P<host> (?<![\w.-]) (?:www\.)? (?:{hosts})/ )
        (?! (?: user|features|about|topics|orgs|issues|pulls )\b )
        [A-Za-z0-9][\w-]{{0,38}} (?! [\w-] | /\w )
        """,
        re.VERBOSE,
    )
    return Rule("mention", pattern, lambda match: f"{match['host']}user")
