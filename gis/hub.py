"""The Hugging Face Hub, when it does not answer as hoped."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from gis.errors import GisError

PATIENCE = 10.0  # seconds; the clients' own retries would take half a minute for every dataset asked for


@contextmanager
def ask_hub(what: str, revision: str | None, instead: str, *, offline: bool) -> Iterator[None]:
    """Ask the Hub for something in this block; a Hub that does not answer is asked once, not for every file.

    Without it, what the clients' local cache holds is found all the same. The many errors of the clients become one
    message: what was asked for, why not, what to do instead.

    Args:
        what: "the model org/name", "the dataset org/name".
        revision: The revision that was asked for, if any.
        instead: How to go on without the Hub.
        offline: Use the local cache only.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import logging

    asked = f"{what} at revision {revision}" if revision else what
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    reached = not offline and _answers()
    _set_offline(not reached)
    try:
        yield
    except GatedRepoError as error:
        raise GisError(f"{asked} is gated: accept its terms on the Hub and set HF_TOKEN, or {instead}") from error
    except RevisionNotFoundError as error:
        raise GisError(f"the Hub has {what}, but not its revision {revision}") from error
    except RepositoryNotFoundError as error:
        raise GisError(f"the Hub has no {what.removeprefix('the ')}; check the spelling, or {instead}") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, ConnectionError, OSError) as error:
        if offline:
            reason = "--offline is set, and it is not in the local Hub cache"
        elif not reached:
            reason = "the Hub could not be reached, and it is not in the local Hub cache"
        else:
            lines = str(error).splitlines()
            reason = f"the Hub answered, but then: {lines[0] if lines else type(error).__name__}"
        raise GisError(f"no {asked.removeprefix('the ')}: {reason}; {instead}") from error


@cache
def _answers() -> bool:
    """Whether the Hub answers at all, whatever it says."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    except Exception:
        return False
    return True


def _set_offline(offline: bool) -> None:
    """Switch the clients, which read their environment variable only once."""
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = offline
    if (datasets := sys.modules.get("datasets")) is not None:
        datasets.config.HF_HUB_OFFLINE = offline
