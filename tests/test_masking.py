"""No secret leaves the process in a text."""

import importlib
import io
import logging
import time

import pytest

from gis.console import Reporter
from gis.errors import LONGEST_REASON, GisError, failure_of
from gis.masking import masked, masked_logs, masked_values, remember_address, remember_secret


def test_a_remembered_secret_is_masked_wherever_it_stands() -> None:
    remember_secret("ghp/abc+def")
    assert masked("bad token ghp/abc+def!") == "bad token ***!"
    assert masked("https://host/?q=ghp%2Fabc%2Bdef") == "https://host/?q=***"


def test_a_secret_that_begins_another_leaves_nothing_of_it() -> None:
    remember_secret("secret")
    remember_secret("secret-longer")
    assert masked("secret-longer secret") == "*** ***"


def test_a_dummy_key_masks_no_words() -> None:
    remember_secret("none")
    assert masked("none of them") == "none of them"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pa@ss@host/v1", "https://***@host/v1"),
        ("http://token@host", "http://***@host"),
        ("https://host/v1?key=abc&model=m", "https://host/v1?key=***&model=m"),
        ("https://host/?api_key=abc", "https://host/?api_key=***"),
        ("https://host/?X-Amz-Date=1&access_token=abc d", "https://host/?X-Amz-Date=1&access_token=*** d"),
        ("https://host/?X-Amz-Signature=abc&v=1", "https://host/?X-Amz-Signature=***&v=1"),
        ("https://host/?X-Amz-Security-Token=abc", "https://host/?X-Amz-Security-Token=***"),
        ("https://host/?x-goog-signature=abc", "https://host/?x-goog-signature=***"),
        ("https://host/?sig=abc&Signature=abc", "https://host/?sig=***&Signature=***"),
        ("https://host/?sort=design", "https://host/?sort=design"),
        ("ann@example.org wrote to https://host", "ann@example.org wrote to https://host"),
        ("https://host/@ann/repo", "https://host/@ann/repo"),
    ],
)
def test_credentials_in_addresses_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize("name", ["HF_TOKEN", "OPENAI_API_KEY", "MY_ACCESS_KEY", "gh_token", "APIKEY", "TOKEN"])
def test_tokens_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, f"planted in {name}")
    assert masked(f"x planted in {name} y") == "x *** y"


@pytest.mark.parametrize("name", ["TOKENIZERS_PARALLELISM", "KEYBOARD", "SSH_KEY_PATH", "MY_TOKEN_FILE"])
def test_other_variables_hold_no_secrets(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "ordinary words")
    assert masked("ordinary words") == "ordinary words"


def test_every_text_of_a_json_value_is_masked() -> None:
    value = {"key=": ["http://a:b@c", {"x": "https://h/?token=t", "n": 1.5}], "none": None}
    assert masked_values(value) == {"key=": ["http://***@c", {"x": "https://h/?token=***", "n": 1.5}], "none": None}


def test_messages_and_errors_are_masked() -> None:
    remember_secret("ghp_0123456789")
    reporter = Reporter()
    reporter.console.file = io.StringIO()
    reporter.warn("the server says: ghp_0123456789")
    assert reporter.console.file.getvalue() == "warning: the server says: ***\n"
    error = GisError("refused ghp_0123456789", remedy="unset ghp_0123456789")
    assert error.for_command_line == "refused ***; unset ***"


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("kind", [RuntimeError, GisError, OSError])
def test_a_traceback_is_masked(
    kind: type[Exception], debug: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise kind("GET https://ann:s3cr3t@host/?token=s3cr3t: \x1b[2J")

    app = importlib.import_module("gis.cli.app")
    monkeypatch.setattr(app, "app", fail)
    monkeypatch.setattr(app.State, "debug", debug)
    with pytest.raises(SystemExit) as end:
        app.main()
    shown = capsys.readouterr().err
    assert end.value.code == 1
    assert "GET https://***@host/?token=***" in shown
    assert "s3cr3t" not in shown
    assert "\x1b" not in shown
    assert ("Traceback" in shown) == (debug or kind is RuntimeError)


def test_a_message_cannot_steer_the_terminal() -> None:
    reporter = Reporter()
    reporter.console.file = io.StringIO()
    reporter.say("octo/\x1b[2Jwidgets\u202e\u200b: 12 issues\n  gis build")
    assert reporter.console.file.getvalue() == "octo/ [2Jwidgets  : 12 issues\n  gis build\n"


@pytest.mark.parametrize("piece", ["://", "://a", "?key=", "@", "://@", "&token=a", "https://a:b"])
def test_no_text_takes_long(piece: str) -> None:
    start = time.process_time()
    masked(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        ("https://ann:s3cret-word@host/v1", ["s3cret-word", "YW5uOnMzY3JldC13b3Jk"]),
        ("https://t0ken-alone@host", ["t0ken-alone", "dDBrZW4tYWxvbmU6"]),
        ("https://host/v1?key=k3y-0123&v=2024", ["k3y-0123"]),
    ],
)
def test_the_secrets_of_an_address_are_masked_wherever_they_stand(address: str, secrets: list[str]) -> None:
    assert remember_address(address) == address
    for secret in secrets:
        assert masked(f"x {secret} y") == "x *** y"
    assert masked("ann saw host v1 2024") == "ann saw host v1 2024"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer eyJ0.eyJz-_.x1", "Authorization: Bearer ***"),
        ("{'authorization': 'Basic YW5uOnMzY3JldA=='}", "{'authorization': 'Basic ***'}"),
        ("token ghs_0123456789ab expired", "token *** expired"),
        (
            "Basic authentication, bearer tokens and token expiry",
            "Basic authentication, bearer tokens and token expiry",
        ),
    ],
)
def test_what_a_client_sent_in_a_header_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_passwords_of_proxies_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:proxy-passw0rd@proxy:8080")
    assert masked("407 for proxy-passw0rd") == "407 for ***"


def test_a_message_is_masked_before_it_is_cut() -> None:
    remember_secret("half-of-this-is-secret")
    error = failure_of("model", RuntimeError("x" * (LONGEST_REASON - 10) + "half-of-this-is-secret"))
    assert "half" not in str(error)


def test_logs_of_all_libraries_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    remember_secret("logged-secret")
    with masked_logs(), caplog.at_level("DEBUG"):
        logging.getLogger("some.library").debug("sent %s", {"key": "logged-secret"})
        try:
            float("logged-secret")
        except ValueError:
            logging.getLogger("other").exception("failed with %s", "logged-secret")
    assert "sent {'key': '***'}" in caplog.text
    assert "ValueError: could not convert string to float: '***'" in caplog.text
    assert "logged-secret" not in caplog.text
