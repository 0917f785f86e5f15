"""GitHub accounts from the environment: tokens, and apps with their keys."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from github import Auth

from gis.errors import GisError, UsageError
from gis.masking import remember_secret

TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
APP_VARIABLES = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_INSTALLATION_ID")
SHOWN_CHARACTERS = 4  # of a token in messages, its last ones


@dataclass(frozen=True)
class Account:
    """A way to sign in.

    Attributes:
        auth: PyGithub's authentication, or None for requests without a token.
        name: The name that messages use; of a token, it has at most the last characters.
    """

    auth: Auth.Auth | None
    name: str = "requests without a token"

    def __str__(self) -> str:
        """Return the name, never the token."""
        return self.name

    def __repr__(self) -> str:
        """Return the name, never the token."""
        return f"Account({self.name})"


def find_accounts(environment: Mapping[str, str] = os.environ, host: str = "github.com") -> list[Account]:
    """Return the accounts of the environment.

    They are the tokens in GITHUB_TOKEN and GH_TOKEN (separated by commas) and an app of GITHUB_APP_ID,
    GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID; without any of these, the token of the command ``gh``.

    Args:
        environment: Variables by name.
        host: The server that ``gh`` is asked for a token of.

    Raises:
        UsageError: An app lacks its key or installation.
        GisError: The app's key cannot be read.
    """
    tokens = [
        token.strip() for name in TOKEN_VARIABLES for token in environment.get(name, "").split(",") if token.strip()
    ]
    accounts = [token_account(token) for token in dict.fromkeys(tokens)]
    if any(environment.get(name) for name in APP_VARIABLES):
        accounts.append(_app(environment))
    if not accounts and (token := _gh_token(environment, host)):
        accounts.append(token_account(token))
    return accounts


def token_account(token: str) -> Account:
    """Return the account of a token."""
    shown = token[-SHOWN_CHARACTERS:] if len(token) > 2 * SHOWN_CHARACTERS else "…"
    return Account(Auth.Token(remember_secret(token)), f"the token that ends in {shown}")


def _app(environment: Mapping[str, str]) -> Account:
    missing = [name for name in APP_VARIABLES if not environment.get(name)]
    if missing:
        raise UsageError(f"a GitHub App also needs {', '.join(missing)}")
    identity, key, installation = (environment[name] for name in APP_VARIABLES)
    if not key.lstrip().startswith("-----BEGIN"):
        try:
            key = Path(key).expanduser().read_text(encoding="utf-8")
        except OSError as error:
            raise GisError(f"the key of the GitHub App cannot be read: {error.strerror}: {APP_VARIABLES[1]}") from None
    if not installation.isdecimal():
        raise UsageError(f"{APP_VARIABLES[2]} must be a number")
    app = Auth.AppAuth(identity, key)
    try:
        app.create_jwt()
    except Exception as error:  # several libraries take part
        raise GisError(
            f"{APP_VARIABLES[1]} does not contain the private key of a GitHub App ({type(error).__name__})"
        ) from None
    return Account(app.get_installation_auth(int(installation)), f"the GitHub App {identity}")


def _gh_token(environment: Mapping[str, str], host: str) -> str | None:
    """Return the token that the command gh has for a host, if gh is installed and logged in."""
    gh = shutil.which("gh", path=environment.get("PATH"))
    if gh is None:
        return None
    done = subprocess.run(
        [gh, "auth", "token", "--hostname", host], capture_output=True, text=True, check=False, env=dict(environment)
    )
    return done.stdout.strip() or None if done.returncode == 0 else None
