"""Names of the repositories to collect: given, read from a file, or those of a preset."""

import re
from collections.abc import Iterable
from pathlib import Path

from gis.errors import GisError, UsageError, unknown_name
from gis.files import read_written_by_hand

NAME = re.compile(r"[A-Za-z0-9_-]{1,39}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")  # of GitHub's form
ADDRESS = re.compile(r"^(?:https?://[^/]+/|git@[^:]+:)?(?P<name>[^/\s]+/(?:(?!\.git/?$)[^/\s])++)(?:\.git)?/?$")

# AnglE's ACL paper, appendix B, under the names that the repositories have today.
PAPER = (
    "angular/angular ansible/ansible apache/airflow apache/druid apache/dubbo apache/shardingsphere apache/superset "
    "atom/atom axios/axios babel/babel bumptech/glide celery/celery DefinitelyTyped/DefinitelyTyped denoland/deno "
    "elastic/elasticsearch electron/electron facebook/react flutter/flutter freeCodeCamp/freeCodeCamp golang/go "
    "jax-ml/jax huggingface/transformers JuliaLang/julia keras-team/keras kubernetes/kubernetes matplotlib/matplotlib "
    "microsoft/playwright microsoft/PowerToys microsoft/terminal microsoft/TypeScript microsoft/vscode mrdoob/three.js "
    "mui/material-ui mwaskom/seaborn neo4j/neo4j npm/cli numpy/numpy opencv/opencv pallets/flask pandas-dev/pandas "
    "psf/requests pytorch/pytorch rust-lang/rust scikit-learn/scikit-learn scipy/scipy scrapy/scrapy "
    "spring-projects/spring-framework sqlalchemy/sqlalchemy symfony/symfony tensorflow/tensorflow fastapi/fastapi "
    "twbs/bootstrap vercel/next.js vuejs/vue webpack/webpack"
).split()
PRESETS = {"paper": PAPER}


def is_repository_name(text: str) -> bool:
    """Return whether a text is an OWNER/NAME of GitHub's form."""
    return NAME.fullmatch(text) is not None


def named_repositories(names: Iterable[str] = (), *, file: Path | None = None, preset: str | None = None) -> list[str]:
    """Return the OWNER/NAME of every repository that is given, each once, in order.

    Args:
        names: OWNER/NAME, or addresses of repositories.
        file: A text file with one name per line; text after a # is a comment.
        preset: A key of ``PRESETS``.

    Raises:
        UsageError: A name or the preset is not one.
        GisError: The file cannot be read.
    """
    repositories = [_repository_name(name) for name in names]
    if file is not None:
        repositories += _read_names(file)
    if preset is not None:
        if preset not in PRESETS:
            raise unknown_name("preset", preset, PRESETS)
        repositories += PRESETS[preset]
    first_spelling = {name.lower(): name for name in reversed(repositories)}
    return list(first_spelling.values())[::-1]


def _read_names(file: Path) -> list[str]:
    try:
        lines = read_written_by_hand(file).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GisError(f"the list of repositories {file} cannot be read: {error}") from error
    names = ((number, line.partition("#")[0].strip()) for number, line in enumerate(lines, start=1))
    return [_repository_name(name, f"{file}:{number}: ") for number, name in names if name]


def _repository_name(text: str, place: str = "") -> str:
    if not isinstance(text, str):
        raise UsageError(f"{text!r:.80} is not the name of a repository; pass names one by one, each as OWNER/NAME")
    match = ADDRESS.match(text.strip())
    if match is None or not is_repository_name(match["name"]):
        raise UsageError(f"{place}'{text}' is not a repository; write OWNER/NAME")
    return match["name"]
