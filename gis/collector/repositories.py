"""The repositories to collect: as typed, from a file, or the paper's."""

import re
from collections.abc import Iterable
from pathlib import Path

from gis.errors import GisError, UsageError

NAME = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+")
ADDRESS = re.compile(r"^(?:https?://[^/]+/|git@[^:]+:)?(?P<name>[^/\s]+/[^/\s]+?)(?:\.git)?/?$")

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


def named_repositories(names: Iterable[str], file: Path | None, preset: str | None) -> list[str]:
    """OWNER/NAME of every repository that was asked for, each once, in order.

    Args:
        names: OWNER/NAME, or addresses of repositories.
        file: One name a line; what follows a # is a remark.
        preset: A key of ``PRESETS``.

    Raises:
        UsageError: A name is none, or nothing was asked for.
        GisError: The file cannot be read.
    """
    wanted = [_name(name, "--repo") for name in names]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise GisError(f"--repos {file} cannot be read: {error}") from error
        parts = ((number, line.partition("#")[0].strip()) for number, line in enumerate(lines, start=1))
        wanted += [_name(part, f"{file}:{number}") for number, part in parts if part]
    if preset is not None:
        if preset not in PRESETS:
            raise UsageError(f"unknown preset '{preset}'; known: {', '.join(PRESETS)}")
        wanted += PRESETS[preset]
    if not wanted:
        raise UsageError("name a repository: --repo OWNER/NAME, --repos FILE, --preset paper or --from DIR")
    return list({name.lower(): name for name in reversed(wanted)}.values())[::-1]


def _name(text: str, where: str) -> str:
    match = ADDRESS.match(text.strip())
    if match is None or not NAME.fullmatch(match["name"]):
        raise UsageError(f"{where}: '{text}' is no repository; write OWNER/NAME")
    return match["name"]
