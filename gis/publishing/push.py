"""Send a publication to the Hub in one commit; private unless asked, and without overwriting what others put there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gis.errors import GisError
from gis.files import load_json
from gis.hub import raised_by_client
from gis.masking import remember_secret
from gis.publishing.evaluation import EVAL_CONFIG
from gis.publishing.publication import MANIFESTS, Publication
from gis.versions import versions_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB_FILES = (".gitattributes",)  # the Hub makes them
SENT_BY_HASH = 10 << 20  # bytes from which the Hub stores files by their hash
WRITE_TOKEN = "set HF_TOKEN to a token with the right to write, or run hf auth login"


class PushResult(NamedTuple):
    """What was published.

    Attributes:
        url: The address of the commit.
        files: Number of files in the publication.
        removed: Number of files of an earlier publication that were removed.
    """

    url: str
    files: int
    removed: int


def push(
    publication: Publication, to: str, *, public: bool = False, revision: str | None = None, force: bool = False
) -> PushResult:
    """Send all files in one commit.

    Large files go first, and those that the Hub has are not sent again: after an interruption the same call continues.

    Args:
        publication: What ``prepare`` returned, without problems.
        to: ORG/NAME; the repository is made where there is none.
        public: Let everybody see the repository.
        revision: The branch to commit to, made where there is none; None is the main branch.
        force: Publish to a repository that holds files which gis did not publish. They stay, unless they have the
            name of a new file.

    Raises:
        GisError: The publication has problems, its folder was replaced, the account has no right to write, the Hub
            fails, or the repository holds something else.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    if publication.problems:
        raise GisError(f"{to} is not published: {'; '.join(publication.problems)}")
    api, repo_type = HfApi(), publication.repo_type
    with _clear_errors(to):
        _open_repository(api, to, repo_type, revision, public=public)
        existing = api.list_repo_files(to, repo_type=repo_type, revision=revision)
        stale = _stale_files(api, publication, to, existing, revision, force=force)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, _as_checked(file)) for name, file in publication.files.items()
        ]
        publication.check_folder()
        operations += [CommitOperationDelete(name) for name in stale]
        version = versions_of(["gis"]).get("gis", "")
        commit = api.create_commit(
            to,
            operations,
            commit_message=f"{publication.kind} published with gis {version}",
            repo_type=repo_type,
            revision=revision,
        )
    return PushResult(str(commit.commit_url), files=len(publication.files), removed=len(stale))


def _as_checked(file: Path | bytes) -> str | bytes:
    """Return a file to be sent as it is now: its content, or its name where the Hub compares it with its hash."""
    if isinstance(file, bytes):
        return file
    return file.read_bytes() if file.stat().st_size < SENT_BY_HASH else str(file)


def _open_repository(api: "HfApi", to: str, repo_type: str, revision: str | None, *, public: bool) -> None:
    """Make the repository and the branch where there are none."""
    from huggingface_hub import get_token

    if remember_secret(get_token() or "") == "":
        raise GisError(f"publishing to {to} needs a token of {api.endpoint}", remedy=WRITE_TOKEN)
    api.create_repo(to, repo_type=repo_type, private=not public, exist_ok=True)
    if not public and not api.repo_info(to, repo_type=repo_type).private:
        raise GisError(f"{to} is public", remedy="add --public to publish for everybody, or choose another name")
    if revision is not None:
        api.create_branch(to, branch=revision, repo_type=repo_type, exist_ok=True)


def _stale_files(
    api: "HfApi", publication: Publication, to: str, existing: Sequence[str], revision: str | None, *, force: bool
) -> list[str]:
    """Return the files of an earlier publication that this one lacks; what others put there stays."""
    others = [name for name in existing if name not in HUB_FILES]
    if not others:
        return []
    manifest = MANIFESTS[publication.kind]
    if manifest not in others:
        if force:
            return []
        raise GisError(
            f"{to} holds {len(others)} files that gis did not publish (for example {others[0]})",
            remedy="choose another name, or add --force to publish next to them",
        )
    path = api.hf_hub_download(to, manifest, repo_type=publication.repo_type, revision=revision)
    try:
        published = set(load_json(Path(path)).get("files") or ())
    except (ValueError, AttributeError, TypeError):
        published = set()
    return sorted((set(others) & {*published, EVAL_CONFIG}) - publication.files.keys())


@contextmanager
def _clear_errors(to: str) -> Iterator[None]:
    """Turn the many errors of the Hub's client into one line that says what to do."""
    from huggingface_hub import constants, errors
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    try:
        yield
    except HFValidationError as error:
        raise GisError(f"{to} is not a name that the Hub accepts: {error}") from error
    except LocalTokenNotFoundError as error:
        raise GisError(f"publishing to {to} needs a token of {constants.ENDPOINT}", remedy=WRITE_TOKEN) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise GisError(
                f"the Hub does not let this account write to {to} (status {status})", remedy=WRITE_TOKEN
            ) from error
        raise GisError(
            f"the Hub answers with status {status}", remedy="the same command continues; what was sent stays there"
        ) from error
    except (errors.HTTPError, ConnectionError) as error:  # type: ignore[attr-defined]  # the HTTP client's: no answer
        raise GisError(
            f"{constants.ENDPOINT} cannot be reached: {error}",
            remedy="check the network; the same command continues where it stopped",
        ) from error
    except FileNotFoundError as error:
        raise GisError(f"{error.filename} is gone", remedy="the same command publishes what is there now") from error
    except (OSError, RuntimeError, ValueError) as error:  # while a large file was sent
        raise GisError(
            f"sending to {to} broke off: {error}", remedy="the same command continues where it stopped"
        ) from error
    except Exception as error:
        if not raised_by_client(error):
            raise
        raise GisError(
            f"{constants.ENDPOINT} does not answer as the Hub does ({type(error).__name__}: {error})",
            remedy="check HF_ENDPOINT and the network; the same command continues where it stopped",
        ) from error
