"""gis collect as it is typed, against a GitHub server on this machine."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gis.collector.github import client as github_client
from tests.collector.server import GitHub, primary_fault, schema, serving, status_fault
from tests.collector.world import made
from tests.command_line import Done, run_gis

TOKEN = "good-token-1234"
pytestmark = pytest.mark.slow


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(made(60), schema()) as server:
        yield server


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GH_TOKEN", "GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_INSTALLATION_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("PATH", "")  # no gh
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.001)


def gis(github: GitHub, *arguments: str) -> Done:
    done = run_gis("collect", "--api-url", github.url, *arguments)
    assert TOKEN not in done.out + done.err
    return done


def test_a_run_says_what_it_brought_and_what_comes_next(github: GitHub) -> None:
    done = gis(github, "--repo", "octo/widgets")
    assert done.status == 0, done.err
    comments = sum(map(len, github.world.comments.values()))
    assert f"octo/widgets: 60 issues and {comments:,} comments new or changed" in done.err
    assert "marked duplicates: issues that GitHub itself marks as duplicates" in done.out
    assert "gis build --store issues.db --output DIR" in done.err
    assert re.search(rf"octo/widgets +60 +{comments} +\d+ +2020-\d\d-\d\d +yes +0 +29 ", done.out)


def test_status_and_manifest(github: GitHub) -> None:
    gis(github, "--repo", "octo/gadgets", "--quiet")
    github.requests.clear()
    shown = gis(github, "--status")
    assert "per 1,000 issues" in shown.out
    assert re.search(r"octo/widgets .* \d+\.\d +\d+\.\d\n", shown.out)
    (run,) = json.loads(gis(github, "--manifest").out)
    assert run["outcome"] == "complete"
    assert run["issues"] == 60
    assert "query Issues(" in run["about"]["queries"][0]
    assert github.requests == []


def test_a_dry_run_fetches_no_issue(github: GitHub, tmp_path: Path) -> None:
    done = gis(github, "--repo", "octo/widgets", "--dry-run")
    assert done.status == 0
    assert re.search(r"octo/widgets +60 +about \d+ +3 +\d", done.out)
    assert len(github.requests) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [None, {"repository": None}])
def test_a_dry_run_of_issues_that_are_hidden_says_so(github: GitHub, data: object) -> None:
    hidden = {"errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}], "data": data}
    github.always = lambda handler: handler.command == "POST" and status_fault(200, hidden)(handler)
    done = gis(github, "--repo", "octo/widgets", "--dry-run")
    assert done.status == 1
    assert "octo/widgets: these accounts may not read its issues (Could not resolve to a Repository)" in done.err


def test_an_enterprise_server_has_its_paths_elsewhere(github: GitHub) -> None:
    asked: list[str] = []

    def watch(handler: object) -> bool:
        asked.append(handler.path.partition("?")[0])  # type: ignore[attr-defined]
        return False

    github.always = watch
    done = run_gis("collect", "--api-url", f"{github.url}/api/v3", "--repo", "octo/widgets")
    assert done.status == 0, done.err
    assert set(asked) == {"/api/v3/repos/octo/widgets", "/api/graphql"}


def test_two_tokens_of_one_user_are_one(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    github.tokens |= {"another-of-anns-2222": "ann", "token-of-ben-3333": "ben"}
    monkeypatch.setenv("GITHUB_TOKEN", f"{TOKEN},another-of-anns-2222,expired-token-4444,token-of-ben-3333")
    used: set[str] = set()

    def spent(handler: object) -> bool:
        token = handler.headers["Authorization"].rpartition(" ")[2]  # type: ignore[attr-defined]
        if handler.path == "/user":  # type: ignore[attr-defined]
            return False
        used.add(token)
        return token == TOKEN and primary_fault(3000)(handler)  # type: ignore[arg-type]

    github.always = spent
    done = gis(github, "--repo", "octo/widgets", "--max-wait", "5")
    assert done.status == 0, done.err
    assert "the token that ends in 2222 belongs to ann, as the token that ends in 1234 does" in done.err
    assert "the token that ends in 4444: bad credentials; is it expired or revoked?; continuing without" in done.err
    assert used == {TOKEN, "token-of-ben-3333"}


def test_an_app_signs_in_with_its_key(github: GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "app.pem").write_bytes(pem)
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.setenv("GITHUB_APP_ID", "12")
    monkeypatch.setenv("GITHUB_APP_PRIVATE_KEY", str(tmp_path / "app.pem"))
    done = gis(github, "--repo", "octo/widgets")
    assert done.status != 0
    assert "a GitHub App also needs GITHUB_APP_INSTALLATION_ID" in done.err
    monkeypatch.setenv("GITHUB_APP_INSTALLATION_ID", "34")
    done = gis(github, "--repo", "octo/widgets")
    assert done.status == 0, done.err
    (tmp_path / "app.pem").unlink()
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert all(b"app-token-of-an-hour" not in content and b"PRIVATE" not in content for content in files)


def test_without_a_token_it_says_what_that_costs(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    done = gis(github, "--repo", "octo/widgets")
    assert done.status == 0, done.err
    assert "over REST, which allows 60 requests an hour and does not say which issue another one duplicates" in done.err
    assert set(github.requests) == {"rest"}
    refused = gis(github, "--repo", "octo/widgets", "--api", "graphql")
    assert "GraphQL needs a token" in refused.err


def test_one_bad_name_does_not_stop_the_others(github: GitHub) -> None:
    done = gis(github, "--repo", "octo/wigdets", "--repo", "octo/widgets")
    assert "no repository octo/wigdets" in done.err
    assert "octo/widgets: 60 issues" in done.err
    assert done.status != 0


def test_a_bad_token_stops_at_once(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "expired-token-9876")
    done = gis(github, "--repo", "octo/widgets", "--repo", "octo/gadgets")
    assert "the token that ends in 9876: bad credentials; is it expired or revoked?" in done.err
    assert "expired-token" not in done.out + done.err
    assert len(github.requests) == 1


def test_a_wait_says_until_when_and_why(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(github_client, "WAIT_STEP", 0.1)
    github.faults = [status_fault(403, {"message": "You have exceeded a secondary rate limit."}, Retry_After="1")]
    done = gis(github, "--repo", "octo/widgets")
    assert re.search(r"secondary limit: waiting 1 s, until \d\d:\d\d:\d\d", done.err)
    assert done.status == 0


def test_a_dry_run_without_network_fails_soon_and_names_the_host() -> None:
    done = run_gis("collect", "--api-url", "http://127.0.0.1:9", "--repo", "octo/widgets", "--dry-run")
    assert done.status == 1
    assert done.err.endswith(
        "error: the connection to 127.0.0.1:9 failed (ConnectionError), 3 times in a row; "
        "run the same command again later\n"
    )
    assert done.out == ""


def test_a_dry_run_of_a_dump_has_nothing_to_estimate(tmp_path: Path) -> None:
    done = run_gis("collect", "--from", tmp_path, "--dry-run")
    assert (done.status, done.out) == (2, "")
    assert "no repository on GitHub is given; add --repo OWNER/NAME" in done.err
