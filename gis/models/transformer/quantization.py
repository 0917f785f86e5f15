"""Which models can run in int8, and what decides their numbers: known before anything heavy is loaded."""

from functools import cache
from pathlib import Path

from gis.errors import GisError, UsageError
from gis.hashes import SHORT_HASH, sha256_of_bytes
from gis.models.base import LoadSettings
from gis.models.transformer.flat.families import FAMILIES
from gis.models.transformer.folder_files import read_json_if_there
from gis.models.transformer.model_folder import ModelFolder
from gis.versions import versions_of

RECIPE = 1  # raised when the same libraries and texts make other weights
LIBRARIES = ("openvino", "nncf")
CALIBRATION_FILE = Path(__file__).with_name("calibration.txt")
SEPARATOR = "\n---\n"
# The file holds short texts and reports; neighbours joined make long ones.
JOINED_TEXTS, JOINED_STEP = 8, 4


def calibration_texts() -> list[str]:
    """Return the texts whose hidden states fix the ranges of int8: written for this, and part of no test set."""
    texts = [text.strip() for text in CALIBRATION_FILE.read_text(encoding="utf-8").split(SEPARATOR)]
    starts = range(0, len(texts), JOINED_STEP)
    return [*texts, *("\n\n".join(texts[start : start + JOINED_TEXTS]) for start in starts)]


def describe_quantization(folder: ModelFolder, settings: LoadSettings) -> str:
    """Say what int8 weights of a model are made with, which belongs to its identity.

    Raises:
        UsageError: The model has no int8 form here, or the device is not a processor.
        GisError: The extra is not installed.
    """
    if settings.device not in ("auto", "cpu"):
        raise UsageError(f"int8 runs on a processor, not on {settings.device}", remedy="leave out --device")
    config = read_json_if_there(folder.folder / "config.json")
    kind = config.get("model_type")
    if folder.engine != "transformer" or kind not in FAMILIES or config.get("is_decoder"):
        what = f"a {kind} model" if folder.engine == "transformer" and kind else f"a model run by {folder.engine}"
        raise UsageError(
            f"{what} has no int8 form in gis, which makes one of encoders of the families {', '.join(FAMILIES)}",
            remedy="use --precision bf16 or fp32",
        )
    versions = versions_of(LIBRARIES)
    if any(library not in versions for library in LIBRARIES):
        raise GisError("int8 needs the extra 'int8': pip install 'gis-similarity[int8]'")
    libraries = ", ".join(f"{library} {versions[library]}" for library in LIBRARIES)
    return f"recipe {RECIPE}, calibration {_calibration_hash()}, {libraries}"


@cache
def _calibration_hash() -> str:
    return sha256_of_bytes(CALIBRATION_FILE.read_bytes().replace(b"\r\n", b"\n"))[:SHORT_HASH]
