"""Who asks GitHub: tokens and apps from the environment, known by the account whose limits they share."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from github import Auth

from gis.errors import GisError, UsageError

VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
APP = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_INSTALLATION_ID")
SHOWN = 4  # last characters of a token in messages


@dataclass(frozen=True)
class Account:
    """A way to sign in.

    Attributes:
        auth: PyGithub's, or None to ask without a token.
        name: What messages call it; of a token its last characters at the most.
    """

    auth: Auth.Auth | None
    name: str = "requests without a token"

    def __str__(self) -> str:
        """The name, and never the token."""
        return self.name

    def __repr__(self) -> str:
        """The name, and never the token."""
        return f"Account({self.name})"


def find_accounts(environment: Mapping[str, str] = os.environ, host: str = "github.com") -> list[Account]:
    """The tokens of GITHUB_TOKEN and GH_TOKEN (several, with commas), an app's key, or what ``gh`` holds for ``host``.

    Raises:
        UsageError: An app is named without its key or installation.
        GisError: The app's key cannot be read.
    """
    tokens = [token.strip() for name in VARIABLES for token in environment.get(name, "").split(",") if token.strip()]
    accounts = [token_account(token) for token in dict.fromkeys(tokens)]
    if any(environment.get(name) for name in APP):
        accounts.append(_app(environment))
    if not accounts and (token := _gh_token(environment, host)):
        accounts.append(token_account(token))
    return accounts


def token_account(token: str) -> Account:
    """Sign in with a token."""
    shown = token[-SHOWN:] if len(token) > 2 * SHOWN else "…"
    return Account(Auth.Token(token), f"the token that ends in {shown}")


def _app(environment: Mapping[str, str]) -> Account:
    missing = [name for name in APP if not environment.get(name)]
    if missing:
        raise UsageError(f"to sign in as a GitHub App, set {', '.join(missing)} as well")
    identity, key, installation = (environment[name] for name in APP)
    if not key.lstrip().startswith("-----BEGIN"):
        try:
            key = Path(key).expanduser().read_text(encoding="utf-8")
        except OSError as error:
            raise GisError(f"the key of the GitHub App cannot be read: {error.strerror}: {APP[1]}") from None
    if not installation.isdecimal():
        raise UsageError(f"{APP[2]} must be a number")
    app = Auth.AppAuth(identity, key)
    try:
        app.create_jwt()
    except Exception as error:  # of several libraries
        raise GisError(f"{APP[1]} holds no private key of a GitHub App ({type(error).__name__})") from None
    return Account(app.get_installation_auth(int(installation)), f"the GitHub App {identity}")


def _gh_token(environment: Mapping[str, str], host: str) -> str | None:
    """The token that the gh command holds for a host, where it is installed and signed in."""
    gh = shutil.which("gh", path=environment.get("PATH"))
    if gh is None:
        return None
    done = subprocess.run(
        [gh, "auth", "token", "--hostname", host], capture_output=True, text=True, check=False, env=dict(environment)
    )
    return done.stdout.strip() or None if done.returncode == 0 else None
