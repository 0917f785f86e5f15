"""What is replaced in a text, and what only looks like it."""

from collections import Counter

import pytest

from gis.dataset.texts.redaction import redact


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("ask @ann-lee please", "mention", "ask @mention please"),
        ("write to ann.lee@example.org now", "email", "write to [email] now"),
        ("in /home/annlee/src and more", "home", "in /home/user/src and more"),
        (r"in C:\Users\annlee\src", "home", r"in C:\Users\user\src"),
        ("host 93.184.216.34 answers", "ip", "host [ip] answers"),
        ("host 2001:db8::8a2e:370:7334 answers", "ip", "host [ip] answers"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "token", "[token]"),
        ("key AKIAABCDEFGHIJKLMNOP", "token", "key [token]"),
        ('api_key = "a8f5f167f44f4964e6c998de"', "token", 'api_key = "[token]"'),
        ("alice@box:~$ ls", "prompt", "user@host:~$ ls"),
        ("[alice@build-7 src]$ make", "prompt", "[user@host src]$ make"),
        ("Linux alices-box 6.1.0-9-amd64 #1 SMP", "host", "Linux host 6.1.0-9-amd64 #1 SMP"),
        ("FreeBSD box.lan 13.2-RELEASE FreeBSD 13.2", "host", "FreeBSD host 13.2-RELEASE FreeBSD 13.2"),
        ("server=93.184.216.34", "ip", "server=[ip]"),
        ("listens at 5.6.7.8", "ip", "listens at [ip]"),
        ("see 5.6.7.8:8080", "ip", "see [ip]:8080"),
        ("203.0.113.9 is down", "ip", "[ip] is down"),
        ("see https://github.com/alice/", "mention", "see https://github.com/user/"),
        ("_@carol_ said", "mention", "_@mention_ said"),
        ("ask @mention-bot", "mention", "ask @mention"),
        ("host 2001:db8::1:2 answers", "ip", "host [ip] answers"),  # three colons or more
        ("write to jürgen@example.org", "email", "write to [email]"),
        ("https://ann:s3cr3tpassw0rd99@example.org/x", "token", "https://[token]@example.org/x"),
        ("GITHUB_TOKEN=0123456789abcdef0123456789abcdef01234567", "token", "GITHUB_TOKEN=[token]"),
        (
            "https://hooks.slack.com/services/T0000/B0000/abcd1234abcd1234",
            "token",
            "https://hooks.slack.com/services/[token]",
        ),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----", "key", "[key]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "key", "[key]"),
    ],
)
def test_what_is_redacted(text: str, kind: str, expected: str) -> None:
    found: Counter[str] = Counter()
    assert redact(text, found) == expected
    assert found == {kind: 1}
    again: Counter[str] = Counter()
    assert redact(expected, again) == expected
    assert not again  # else a check of what was published would find it


# Made up, each from its parts, so that no search for secrets takes this file for one that leaks them.
HEX, MIXED = "0a1b2c3d4e5f6789" * 5, "aB3dE6gH9jK2mN5pQ8" * 8
TOKENS = {
    "GitHub": f"ghp{'_'}{MIXED[:36]}",
    "GitHub, fine-grained": f"github{'_pat_'}{MIXED[:60]}",
    "GitLab": f"glpat{'-'}{MIXED[:20]}",
    "Atlassian": f"ATATT3{MIXED[:80]}",
    "AWS": f"AK{'IA'}{'Q7' * 8}",
    "Google key": f"AI{'za'}{MIXED[:35]}",
    "Google access token": f"ya29{'.'}{MIXED[:40]}",
    "Google client secret": f"GOCSPX{'-'}{MIXED[:28]}",
    "Azure client": f"a1b8{'Q~'}{MIXED[:34]}",
    "DigitalOcean": f"dop_{'v1_'}{HEX[:64]}",
    "Heroku": f"HRKU{'-'}{MIXED[:36]}",
    "Docker": f"dckr_{'pat_'}{MIXED[:27]}",
    "Vault": f"hvs{'.'}{MIXED[:90]}",
    "Tailscale": f"tskey-{'auth-'}{MIXED[:17]}",
    "Databricks": f"da{'pi'}{HEX[:32]}",
    "npm": f"npm{'_'}{MIXED[:36]}",
    "PyPI": f"pypi{'-'}{MIXED[:90]}",
    "crates.io": f"c{'io'}{MIXED[:32]}",
    "RubyGems": f"rubygems{'_'}{HEX[:48]}",
    "NuGet": f"oy{'2'}{HEX[:43]}",
    "Slack": f"xox{'b-'}{MIXED[:40]}",
    "Slack app": f"xapp{'-'}{MIXED[:40]}",
    "Discord": f"M{MIXED[:25]}.{MIXED[:6]}.{MIXED[:30]}",
    "Telegram": f"1234567890{':AA'}{MIXED[:33]}",
    "Twilio": f"S{'K'}{HEX[:32]}",
    "SendGrid": f"SG{'.'}{MIXED[:22]}.{MIXED[:43]}",
    "Mailgun": f"key{'-'}{HEX[:32]}",
    "Mailchimp": f"{HEX[:32]}-us{'12'}",
    "Stripe": f"sk_{'live_'}{MIXED[:24]}",
    "Stripe webhook": f"whsec{'_'}{MIXED[:32]}",
    "Square": f"sq0{'csp-'}{MIXED[:43]}",
    "Shopify": f"shpat{'_'}{HEX[:32]}",
    "OpenAI": f"sk-{'proj-'}{MIXED[:48]}",
    "Anthropic": f"sk-{'ant-'}{MIXED[:90]}",
    "Hugging Face": f"hf{'_'}{MIXED[:34]}",
    "Replicate": f"r8{'_'}{MIXED[:37]}",
    "Groq": f"gsk{'_'}{MIXED[:52]}",
    "Grafana": f"glsa{'_'}{MIXED[:32]}_{HEX[:8]}",
    "New Relic": f"NRAK{'-'}{MIXED[:27]}",
    "Sentry": f"sntrys{'_'}{MIXED[:60]}",
    "Postman": f"PMAK{'-'}{HEX[:24]}-{HEX[:34]}",
    "Linear": f"lin_{'api_'}{MIXED[:40]}",
    "Notion": f"ntn{'_'}{MIXED[:46]}",
    "Figma": f"figd{'_'}{MIXED[:40]}",
    "age": f"AGE-SECRET{'-KEY-1'}{'QPZRY9X8' * 8}",
    "JSON Web Token": f"ey{'J'}{MIXED[:20]}.ey{'J'}{MIXED[:30]}.{MIXED[:43]}",
}


@pytest.mark.parametrize("service", TOKENS)
def test_tokens_of_services_are_redacted(service: str) -> None:
    found: Counter[str] = Counter()
    assert redact(f"with '{TOKENS[service]}' it fails", found) == "with '[token]' it fails"
    assert found == {"token": 1}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("password: hunter2", "token", "password: [token]"),
        ('DB_PASSWORD="s3cr3t!x"', "token", 'DB_PASSWORD="[token]"'),
        ("passwd => abc123def", "token", "passwd => [token]"),
        ("Cookie: session=abc123; theme=dark", "token", "Cookie: [token]"),
        ("curl -H 'Cookie: id=a3fWa'", "token", "curl -H 'Cookie: [token]'"),
        (
            "machine example.org login ann password s3cr3t",
            "token",
            "machine example.org login user password [token]",
        ),
        ("call +49 30 1234567 now", "phone", "call [phone] now"),
        ("It is +1-202-555-0143.", "phone", "It is [phone]."),
        ("call +47 22 12 34 56", "phone", "call [phone]"),  # ten digits with blanks, or thirteen without
        ("call +4915112345678", "phone", "call [phone]"),
        ("call +1 22 33 44 55 66", "phone", "call [phone]"),  # six parts
        ("call +15551234567", "phone", "call [phone]"),  # eleven digits
        ("tel: (555) 123-4567", "phone", "tel: [phone]"),
        ("in ~ann/src", "home", "in ~user/src"),
        ("call +12 34 56 78 now", "phone", "call [phone] now"),  # eight digits
        ("call +123 456 789 012 345 now", "phone", "call [phone] now"),  # fifteen
        ("tel: 030 12345678.", "phone", "tel: [phone]."),
    ],
)
def test_what_people_type_is_redacted(text: str, kind: str, expected: str) -> None:
    found: Counter[str] = Counter()
    assert redact(text, found) == expected
    assert found == {kind: 1}
    again: Counter[str] = Counter()
    assert redact(expected, again) == expected
    assert not again


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4 is the gateway", "[ip] is the gateway"),  # a word of networks before or behind, in its line
        ("the gateway is 1.2.3.4", "the gateway is [ip]"),
        ("ip 1.2.3.4", "ip [ip]"),
        ("1.2.3.4\nis the gateway", None),
        ("the gateway\n1.2.3.4", None),
        ("the gateway\nor\n1.2.3.4", None),
        ("gateway" + " " * 113 + "1.2.3.4", "gateway" + " " * 113 + "[ip]"),  # within 120 characters
        ("gateway" + " " * 114 + "1.2.3.4", None),
        ("1.2.3.4" + " " * 113 + "gateway", "[ip]" + " " * 113 + "gateway"),
        ("1.2.3.4" + " " * 114 + "gateway", None),
        ("x" * 200 + "\nthe gateway is 1.2.3.4", "x" * 200 + "\nthe gateway is [ip]"),
        ("1.2.3.4:8080", "[ip]:8080"),
        ("1.2.3.4:8", None),
        ("1.2.3.4:65535 is open", "[ip]:65535 is open"),
        ("1.2.3.4/24", "[ip]/24"),
        ("http://1.2.3.4/x", "http://[ip]/x"),
        ("It is 31.31.31.31", None),  # small numbers that nothing explains are a version, unless the first is 10
        ("It is 32.1.1.1", "It is [ip]"),
        ("It is 1.1.1.32", "It is [ip]"),
        ("It is 10.2.3.4", "It is [ip]"),
        ("It is 99.0.0.0", None),
        ("Linux host 200.6.30.3 #34 Tue", None),  # a kernel
        ("It is 200.6.30.3 #x", "It is [ip] #x"),
        ("upgraded to 200.6.30.3", None),
        ("upgrad" + "e" * 53 + " 200.6.30.3", None),  # within 60 characters
        ("upgrad" + "e" * 54 + " 200.6.30.3", "upgrad" + "e" * 54 + " [ip]"),
        ("from version 200.1.1.1 to 200.1.1.2", None),
        ("the server runs version 200.6.30.3", None),
        ("a version with server=200.6.30.3", "a version with server=[ip]"),
        ("ssh root@200.6.30.3", "ssh root@[ip]"),
        ("widgets@200.6.30.3", None),
        ("256.1.1.1 and 255.255.255.255", None),
        ("fe80::1:2:3", "[ip]"),
        ("abc::1", None),
        ("the gateway ::1", None),
    ],
)
def test_four_numbers_are_an_address_or_a_version_by_what_is_said_around_them(text: str, expected: str | None) -> None:
    found: Counter[str] = Counter()
    assert redact(text, found) == (text if expected is None else expected)
    assert found == ({} if expected is None else {"ip": 1})


@pytest.mark.parametrize("value", ["abcdefghijklmnopqrst", "12345678901234567890", "a1b2c3d4example5e6f7"])
def test_a_value_of_letters_or_digits_alone_or_an_example_is_no_secret(value: str) -> None:
    assert redact(f"api_key={value}", Counter()) == f"api_key={value}"
    assert redact("api_key=a1b2c3d4e5f6a7b8c9d0", Counter()) == "api_key=[token]"


def test_of_very_many_addresses_the_last_are_not_judged() -> None:
    found: Counter[str] = Counter()
    text = redact("version 1.2.3.4\n" * 600, found)
    assert text.startswith("version 1.2.3.4\n")
    assert found == {"ip": 100}


@pytest.mark.parametrize(
    "text",
    [
        "`@Override` and\n```java\n@Override\n```",
        "listens on 127.0.0.1 and 0.0.0.0",
        "version 1.2.3.4",
        "Upgraded from 2.140.7.1 to 2.140.7.2",
        "Section 4.1.2.7 says so",
        "Opera/99.0.0.0 and widgets==2.140.7.1",
        "| gadgets | 3.11.0.2 |",
        "the release of Gadgets 7.5.3.2",
        "git clone git@github.com:octo/widgets.git",
        "so map(uint,@tree) and f(@mut x) and p=@x",
        "Linux Mint 19.1 and Linux kernel 5.4.0",
        "std::fmt::Display for a::b::c",
        "/home/user/src and /home/runner/work",
        "at 10:30:25",
        "a user@host without a domain",
        "password: your-password-here-please",
        "npm i @scope/package",
        "see https://gist.github.com/0a1b2c3d4e5f60718293",
        "see [7.2.11.5 Casts](https://example.org/spec)",
        "Linux host 2.6.30.3 #34 Tue",
        "hg clone ssh://hg@example.org/widgets",
        "at @0x9097718",
        "password: String, password = get_password1()",
        "password: [token]",
        "call +1 22 33 44 55 66 77",  # seven
        "add +1555123456 to it",  # ten digits
        "a +1 +2 +3 and x + 12345678 and +2.3.4.5",
        "~/src and a~b/c and ~user/src",
        "call +1 23 45 67 now",  # seven digits
        "call +1234 456 789 012 345 now",  # sixteen
        "fe80::1 and ::ffff",
        "cons(int,@list)",
        "SKIP and ACCEPT and socio" + "logical" * 5,
    ],
)
def test_what_is_not(text: str) -> None:
    found: Counter[str] = Counter()
    assert redact(text, found) == text
    assert not found


def test_profiles_on_an_enterprise_server_are_mentions_there() -> None:
    text = "see https://github.example.com/alice and https://github.com/alice"
    assert redact(text, Counter()) == "see https://github.example.com/alice and https://github.com/user"
    found: Counter[str] = Counter()
    assert redact(text, found, "github.example.com") == (
        "see https://github.example.com/user and https://github.com/user"
    )
    assert found == {"mention": 2}
    alone = "see https://github.example.com/alice"
    assert redact(alone, Counter(), "github.example.com") == "see https://github.example.com/user"


def test_counts_are_added_to_those_that_are_there() -> None:
    counts = Counter(email=2)
    redact("ann@example.org and ben@example.org wrote to @carol", counts)
    assert counts == {"email": 4, "mention": 1}


@pytest.mark.parametrize("text", ["@ann,@ben", "ask @ann,@ben", "@ann, @ben", f"@{'a' * 39},@ben"])
def test_mentions_behind_one_another_are_all_replaced(text: str) -> None:
    counts: Counter[str] = Counter()
    assert "ben" not in redact(text, counts)
    assert counts == {"mention": 2}


def test_addresses_of_a_log_are_judged_one_by_one_up_to_the_five_hundredth() -> None:
    """1.2.3.4 is a version where nothing explains it; behind the five hundredth, it is taken for an address."""
    assert redact("1.2.3.4\n" * 500, Counter()) == "1.2.3.4\n" * 500
    assert redact("1.2.3.4\n" * 502, Counter()) == "1.2.3.4\n" * 500 + "[ip]\n" * 2
