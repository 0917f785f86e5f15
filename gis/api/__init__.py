"""The Python API: one function for each verb of the command line that produces something.

Nothing heavy is imported before a function needs it. Functions report nothing but warnings unless they are given a
``Reporter``. Each returns an object that knows where its files are and can be passed on to the next function.
"""

from gis.api.annotation import annotate, estimate_annotation
from gis.api.archive import collect_archive, estimate_archive
from gis.api.datasets import BuiltDataset, CollectedStore, build, collect, confirm
from gis.api.finding import (
    backtest,
    certify,
    find,
    findings_json,
    index,
    outcomes,
    post_findings,
    read_findings,
    recheck,
)
from gis.api.reviews import export_reviews, import_reviews
from gis.api.scoring import bench, load_model, load_results
from gis.api.training import ablate, train, train_seeds

__all__ = [
    "BuiltDataset",
    "CollectedStore",
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
    "outcomes",
    "post_findings",
    "read_findings",
    "recheck",
    "train",
    "train_seeds",
]
