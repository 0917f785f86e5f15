"""What every page of gis has in common: one file that loads nothing, escapes all, and allows only its own script."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gis.masking import masked
from gis.text import visible

HERE = Path(__file__).parent


def environment(*folders: Path) -> Environment:
    """Return the environment of a page's templates, which are in ``folders`` or beside this module."""
    return Environment(
        loader=FileSystemLoader([*folders, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def asset(name: str) -> Markup:
    """Return a style or a script that is part of gis."""
    return Markup((HERE / name).read_text(encoding="utf-8"))


def content_policy(style: str, script: str = "") -> str:
    """Return a content security policy that forbids all but a style and a script."""
    scripts = f"script-src '{_hash(script)}'; " if script else ""
    return f"default-src 'none'; style-src '{_hash(style)}'; {scripts}base-uri 'none'; form-action 'none'"


def _shown(value: object) -> object:
    """Return what a page may show of a text: no secret, no control character."""
    return visible(masked(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    """Return the hash by which a content security policy allows a style or a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
