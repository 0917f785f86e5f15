"""The Hugging Face Hub, when it does not answer as hoped."""

from collections.abc import Iterator
from contextlib import contextmanager

from gis.errors import GisError


@contextmanager
def hub_errors(what: str, revision: str | None, instead: str) -> Iterator[None]:
    """Turn the many errors of Hub clients into one message: what was asked for, why not, what to do instead.

    Args:
        what: "the model org/name", "the dataset org/name".
        revision: The revision that was asked for, if any.
        instead: How to go on without the Hub.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    asked = f"{what} at revision {revision}" if revision else what
    try:
        yield
    except GatedRepoError as error:
        raise GisError(f"{asked} is gated: accept its terms on the Hub and set HF_TOKEN, or {instead}") from error
    except RevisionNotFoundError as error:
        raise GisError(f"the Hub has {what}, but not its revision {revision}") from error
    except RepositoryNotFoundError as error:
        raise GisError(f"the Hub has no {what.removeprefix('the ')}; check the spelling, or {instead}") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise GisError(
            f"{asked} is not in the local Hub cache and the Hub was not asked or not reached; {instead}"
        ) from error
    except (HfHubHTTPError, ConnectionError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GisError(f"the Hub could not be reached for {asked} ({reason}); {instead}") from error
