"""Long-text similarity: datasets, models, a benchmark and a leaderboard.

The functions named in ``__all__`` are the Python API; each verb of the command line calls the one of its name.
``import gis`` is light: what a function needs is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from gis.versions import VERSION

if TYPE_CHECKING:
    from gis.api import (
        ablate,
        annotate,
        backtest,
        bench,
        build,
        certify,
        collect,
        collect_archive,
        confirm,
        estimate_annotation,
        estimate_archive,
        export_reviews,
        find,
        findings_json,
        import_reviews,
        index,
        load_model,
        load_results,
        outcomes,
        post_findings,
        read_findings,
        recheck,
        train,
        train_seeds,
    )
    from gis.models import losses

__all__ = [
    "ablate",
    "annotate",
    "backtest",
    "bench",
    "build",
    "certify",
    "collect",
    "collect_archive",
    "confirm",
    "estimate_annotation",
    "estimate_archive",
    "export_reviews",
    "find",
    "findings_json",
    "import_reviews",
    "index",
    "load_model",
    "load_results",
    "losses",
    "outcomes",
    "post_findings",
    "read_findings",
    "recheck",
    "train",
    "train_seeds",
]
__version__ = VERSION


def __getattr__(name: str) -> object:
    if name == "losses":
        return import_module("gis.models.losses")
    if name in __all__:
        return getattr(import_module("gis.api"), name)
    raise AttributeError(f"module 'gis' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
