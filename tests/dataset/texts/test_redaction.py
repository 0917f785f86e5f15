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


def test_counts_are_added_to_those_that_are_there() -> None:
    counts = Counter(email=2)
    redact("ann@example.org and ben@example.org wrote to @carol", counts)
    assert counts == {"email": 4, "mention": 1}
