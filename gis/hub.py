"""Reads from the Hugging Face Hub, and one clear error when it does not answer as expected."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from traceback import walk_tb

from gis.errors import GisError

CARD = "README.md"  # the file that the Hub shows as the page of a repository
# The clients' own retries would take half a minute for every dataset of a suite.
ANSWERS_WITHIN_SECONDS = 10.0


class HubError(GisError):
    """Something on the Hub could not be read.

    Attributes:
        what: What was requested: "dataset org/name", "model org/name".
        reason: Why there is none.
    """

    def __init__(self, what: str, reason: str, remedy: str) -> None:
        super().__init__(f"no {what}: {reason}", remedy=remedy)
        self.what, self.reason = what, reason

    @staticmethod
    def combined(errors: Iterable[GisError]) -> list[GisError]:
        """Make one error of those that have one reason, so that an unreachable Hub is reported once; others stay."""
        by_reason: dict[str, list[GisError]] = {}
        for error in errors:
            by_reason.setdefault(error.reason if isinstance(error, HubError) else f"{id(error)}", []).append(error)
        return [_one_of(same) for same in by_reason.values()]


def _one_of(errors: list[GisError]) -> GisError:
    first = errors[0]
    if len(errors) == 1 or not isinstance(first, HubError):
        return first
    kind = first.what.split(" ", 1)[0]
    names = [error.what.split(" ")[1] for error in errors if isinstance(error, HubError)]  # without revisions
    return HubError(f"{kind}s {', '.join(names)}", first.reason, f"{first.remedy}, and so for the others")


@contextmanager
def ask_hub(what: str, revision: str | None, instead: str, *, offline: bool) -> Iterator[bool]:
    """Ask the Hub for something in this block; a Hub that does not answer is asked once, not for every file.

    The many errors of the clients become one: what was requested, why there is none, what to do instead. An error of
    this machine, such as a full disk, is raised unchanged.

    Args:
        what: "the model org/name", "the dataset org/name".
        revision: The requested revision, if any.
        instead: How to go on without the Hub.
        offline: Use the local cache only.

    Yields:
        Whether only the clients' local cache can be used: offline, or the Hub does not answer.

    Raises:
        HubError: The Hub has no such thing, or cannot be reached and the local cache does not hold it.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
    from huggingface_hub.utils import logging

    name = what.removeprefix("the ")
    local_only = offline or not _answers()
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield local_only
    except GatedRepoError as error:
        reason = "its terms on the Hub must be accepted first"
        raise HubError(name, reason, f"accept them and set HF_TOKEN, or {instead}") from error
    except RevisionNotFoundError as error:
        raise GisError(f"the Hub has {what}, but not its revision {revision}") from error
    except RepositoryNotFoundError as error:
        raise GisError(f"the Hub has no {name}", remedy=f"check the spelling, or {instead}") from error
    except Exception as error:
        if not _is_of_the_connection(error):
            raise
        if offline:
            instead = f"run without --offline, or {instead}"
            reason = "offline, and the local Hub cache does not hold it"
        elif local_only:
            reason = "the Hub could not be reached, and the local Hub cache does not hold it"
        else:
            lines = str(error).splitlines()
            reason = f"the Hub answered, but then: {lines[0] if lines else type(error).__name__}"
        raise HubError(f"{name} at revision {revision}" if revision else name, reason, instead) from error
    finally:
        logging.set_verbosity(verbosity)


@contextmanager
def quiet_datasets(*, local_only: bool) -> Iterator[None]:
    """Let the library datasets work without progress bars in this block, and from its cache where ``local_only``.

    Its switches are those of the whole process, so they are put back.
    """
    import datasets

    offline, quiet = datasets.config.HF_HUB_OFFLINE, datasets.are_progress_bars_disabled()
    datasets.config.HF_HUB_OFFLINE = offline or local_only
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = offline
        if not quiet:
            datasets.enable_progress_bars()


@cache
def _answers() -> bool:
    """Return whether the Hub answers at all, whatever it says."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=ANSWERS_WITHIN_SECONDS)
    except Exception:
        return False
    return True


def _is_of_the_connection(error: Exception) -> bool:
    """Return whether the Hub or the way there failed, and not this machine or this program."""
    from huggingface_hub import get_session

    if isinstance(error, OSError):  # the clients' own errors have no number; those of the operating system do
        return error.errno is None or isinstance(error, ConnectionError | TimeoutError)
    library = sys.modules[type(get_session()).__module__.split(".", 1)[0]]  # requests, httpx or a successor
    transport = getattr(library, "HTTPError", None)
    return (isinstance(transport, type) and isinstance(error, transport)) or raised_by_client(error)


def raised_by_client(error: Exception) -> bool:
    """Return whether the Hub's client met an answer that it cannot read, for which it has no error of its own."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.startswith("huggingface_hub.") for module in modules)
