"""Send a publication to the Hub: one commit, private unless asked, nothing overwritten that gis did not make."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gis.errors import GisError
from gis.publishing.folders import MARKS, Publication
from gis.versions import versions_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

KEPT = (".gitattributes",)  # the Hub's own


@dataclass(frozen=True)
class Sent:
    """What came of it.

    Attributes:
        url: Of the commit.
        added: Files that were sent or were there already.
        removed: Files of an earlier publication that this one does not have.
    """

    url: str
    added: int
    removed: int


def push(publication: Publication, to: str, *, public: bool, revision: str | None, force: bool) -> Sent:
    """Send all files in one commit.

    Large files go first, and those that the Hub has are not sent again: after a break the same command goes on.

    Args:
        publication: What ``prepare`` made; without problems.
        to: ORG/NAME.
        public: Make a new repository that all may see.
        revision: Branch to commit to, made where there is none; None for the main one.
        force: Also into a repository that holds files which gis did not make.

    Raises:
        GisError: There are no rights, the Hub fails, or the repository holds something else.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi()
    with _told(to):
        api.create_repo(to, repo_type=publication.repo_type, private=not public, exist_ok=True)
        if not public and not api.repo_info(to, repo_type=publication.repo_type).private:
            raise GisError(f"{to} is public; add --public to publish for all to see, or choose another name")
        if revision is not None:
            api.create_branch(to, branch=revision, repo_type=publication.repo_type, exist_ok=True)
        there = api.list_repo_files(to, repo_type=publication.repo_type, revision=revision)
        stale = _stale(api, publication, to, there, revision, force=force)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, found if isinstance(found, bytes) else str(found))
            for name, found in publication.files.items()
        ]
        operations += [CommitOperationDelete(name) for name in stale]
        version = versions_of(["gis"]).get("gis", "")
        commit = api.create_commit(
            to,
            operations,
            commit_message=f"{publication.kind} published with gis {version}",
            repo_type=publication.repo_type,
            revision=revision,
        )
    return Sent(str(commit.commit_url), len(publication.files), len(stale))


def _stale(
    api: "HfApi", publication: Publication, to: str, there: Sequence[str], revision: str | None, *, force: bool
) -> list[str]:
    """Files to take away: of an earlier publication, those that this one lacks. What others put there stays."""
    others = [name for name in there if name not in KEPT]
    if not others:
        return []
    mark = MARKS[publication.kind]
    if mark not in others and not force:
        raise GisError(
            f"{to} holds {len(others)} files that gis did not publish ({others[0]} for one); "
            "choose another name, or --force to write over it"
        )
    if mark not in others:
        return []
    path = api.hf_hub_download(to, mark, repo_type=publication.repo_type, revision=revision)
    try:
        ours = set(json.loads(Path(path).read_text(encoding="utf-8")).get("files") or ())
    except (ValueError, AttributeError, TypeError):
        ours = set()
    return sorted((set(others) & ours) - publication.files.keys())


@contextmanager
def _told(to: str) -> Iterator[None]:
    """The clients' many errors as one that says what to do."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    try:
        yield
    except HFValidationError as error:
        raise GisError(f"--to {to}: {error}") from error
    except LocalTokenNotFoundError as error:
        raise GisError("the Hub asks for a token: set HF_TOKEN, one with the right to write") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise GisError(
                f"the Hub refuses to let this account write to {to} ({status}): set HF_TOKEN, one with the right to "
                "write"
            ) from error
        raise GisError(f"the Hub answers {status}; what was sent is kept there, the same command goes on") from error
    except (OSError, RuntimeError, ValueError) as error:  # what broke off while a large file was sent
        raise GisError(f"sending to {to} broke off ({error}); the same command goes on where it stopped") from error
