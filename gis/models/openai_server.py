"""An OpenAI-compatible server: its address, its key, the client, and one error for all that can go wrong."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gis.errors import GisError, UsageError
from gis.masking import remember_address, remember_secret
from gis.text import whole_characters

DEFAULT_URL = "https://api.openai.com/v1"
DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"
RETRIES = 8  # the client waits as Retry-After says, else with growing pauses
TIMEOUT = 120  # seconds
TIMEOUT_OF_A_SIGN = 10  # seconds, for any answer at all


class ServerError(GisError):
    """A server refused, failed for good, or could not be reached.

    Attributes:
        status: The HTTP status; None where there was no answer, or none that can be read.
        reached: Whether the server answered at all.
    """

    def __init__(self, message: str, *, status: int | None = None, reached: bool = True) -> None:
        remedy = "" if reached else "start the server, or correct its address"
        super().__init__(whole_characters(message), remedy=remedy)  # which masks the key: servers tend to repeat it
        self.status, self.reached = status, reached


class OpenAIServer:
    """A server and the key for it.

    Attributes:
        url: The base URL.
        shown_url: The same without user, password and query.
    """

    def __init__(self, url: str = DEFAULT_URL, key_variable: str = DEFAULT_KEY_VARIABLE) -> None:
        """Name a server; nothing is sent.

        Raises:
            UsageError: The address is not one of HTTP.
        """
        self.url = remember_address(url)
        self.shown_url = re.sub(r"(?<=://)[^/\s]*@", "", url).split("?")[0]  # both may hold a password
        if not re.match(r"https?://[^/\s]", self.shown_url, re.IGNORECASE):
            raise UsageError("the base URL is not the address of a server", remedy="write http://HOST:PORT/v1")
        self._key_variable = key_variable

    def client(self, purpose: str) -> Any:  # noqa: ANN401 - an optional package's type
        """Return a client, which threads may share.

        Args:
            purpose: What it is for, for the error where the package is missing.

        Raises:
            UsageError: There is no key, where the service needs one, or it cannot be one.
            GisError: The package is not installed.
        """
        try:
            import openai
        except ImportError as error:
            raise GisError(f"{purpose} need the extra 'openai': pip install 'gis-similarity[openai]'") from error
        key = os.environ.get(self._key_variable, "").strip()
        if not key and self.url == DEFAULT_URL:
            raise UsageError(f"set {self._key_variable} to your key, or name the variable that holds it: key_env=NAME")
        if not key.isascii() or not key.isprintable():
            raise UsageError(f"{self._key_variable} holds characters that no key has; set it again")
        remember_secret(key)
        return openai.OpenAI(base_url=self.url, api_key=key or "none", max_retries=RETRIES, timeout=TIMEOUT)

    @staticmethod
    def answers(client: Any) -> bool:  # noqa: ANN401
        """Return whether the server of a client answers anything at all, if only that it refuses to."""
        import openai

        try:
            client.with_options(max_retries=0, timeout=TIMEOUT_OF_A_SIGN).models.list()
        except openai.APIConnectionError:
            return False
        except (openai.OpenAIError, ValueError, RecursionError):
            return True
        return True

    @contextmanager
    def named_failures(self, model: str, hint: str = "") -> Iterator[None]:
        """Turn the client's errors in this block into one that names the server.

        Args:
            model: The model that was asked for.
            hint: What may help where the server refuses the request.

        Raises:
            ServerError: Instead of any error of the client.
        """
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            hint = f" ({hint})" if hint and error.status_code == 400 else ""
            message = f"{self.shown_url} answered {error.status_code} for {model}: {error.message}{hint}"
            raise ServerError(message, status=error.status_code) from None
        except openai.APIConnectionError as error:
            reason = f"cannot be reached ({error.__cause__ or error})"
            raise ServerError(f"{self.shown_url} {reason}", reached=False) from None
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise ServerError(f"{self.shown_url} failed: {error}") from None
