"""Encoders whose products are in int8, by OpenVINO on a processor: quantised once, then kept in the cache's folder."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gis.errors import GisError
from gis.files import cache_folder
from gis.hashes import sha256_of_file
from gis.models.base import LoadSettings
from gis.models.transformer.card import card_of
from gis.models.transformer.encoder import SentenceEncoder, TokenIds, states_by_transformers
from gis.models.transformer.flat.attention import Token
from gis.models.transformer.loading import load_backbone, load_tokenizer, quiet_transformers, reason_of, tolerance
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.pooling import LAYERS
from gis.models.transformer.quantization import calibration_texts
from gis.models.transformer.tokens import TextTokenizer
from gis.replacing import new_folder

FOLDER = "int8"  # in the cache's
MODEL, WEIGHTS, HASHES = "model.xml", "model.bin", "sha256"
CALIBRATION_TOKENS = 512  # where calibration texts are cut, wherever the model's own are: it is quantised once for all
LONGEST_SAMPLE = 300  # tokens of the text that a converted model is compared on: more than a local attention sees


class Int8Encoder(SentenceEncoder):
    """Embeds tokenised texts by a quantised model.

    Args:
        path: The quantised model, which makes the hidden states that the pooling reads.
        folder: The model folder that it was made of.
    """

    def __init__(self, path: Path, folder: ModelFolder) -> None:
        nn.Module.__init__(self)
        self.pooling = str(folder.pooling)
        self.normalize = folder.normalize
        threads = torch.get_num_threads()
        # A stream for each of the engine's workers: 1.2 times as fast as two threads for one batch.
        streams = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads}
        self._model = _openvino().Core().compile_model(path, "CPU", streams)
        self.width: int = self._model.output(0).partial_shape[-1].get_length()
        self._of_thread = threading.local()

    device = torch.device("cpu")
    proven = True  # compared with the model itself when it was converted
    pads = False  # no layer keeps anything between two calls
    tolerance = 0.1  # a number next to the border between two steps of int8 falls to either side

    def _states(
        self,
        texts: Sequence[TokenIds],
        layers: Sequence[int],
        only: Token | None,  # noqa: ARG002
    ) -> list[tuple[Tensor, Tensor]]:
        """Return states of consecutive texts, (texts, tokens, width), and their masks."""
        if not texts:
            return []
        if tuple(layers) != LAYERS.get(self.pooling, (-1,)):
            raise GisError(f"an int8 model with {self.pooling} pooling has no states of tokens")
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._model.create_infer_request()
        ids, mask = _padded(texts)
        states = self._of_thread.request.infer([ids, mask])[0]
        return [(torch.from_numpy(states), torch.from_numpy(mask))]


def load_int8(folder: ModelFolder, settings: LoadSettings) -> Int8Encoder:
    """Load the quantised form of a model; it is made, and kept in the cache's folder, if it is not there yet.

    Raises:
        GisError: The model cannot be converted.
    """
    uncut = replace(folder, max_tokens=None, normalize=False)  # what is done before and behind the layers
    path = cache_folder() / FOLDER / card_of(uncut, settings, folder.name, None).identity
    if not _is_whole(path):
        try:
            with new_folder(path) as unfinished:
                _write(_quantized(folder), unfinished)
        except GisError:
            if not _is_whole(path):  # else another process was faster
                raise
    return Int8Encoder(path / MODEL, folder)


def _write(model: Any, folder: Path) -> None:  # noqa: ANN401 - OpenVINO's model
    _openvino().save_model(model, folder / MODEL, compress_to_fp16=False)
    (folder / HASHES).write_text(_hashes(folder), encoding="utf-8")


def _is_whole(folder: Path) -> bool:
    """Return whether a quantised model is there as it was written."""
    try:
        return (folder / HASHES).read_text(encoding="utf-8") == _hashes(folder)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _hashes(folder: Path) -> str:
    return " ".join(sha256_of_file(folder / name) for name in (MODEL, WEIGHTS))


def _quantized(folder: ModelFolder) -> Any:  # noqa: ANN401
    """Convert a model and quantise it: static ranges of activations, taken from the calibration texts."""
    openvino = _openvino()
    backbone = load_backbone(folder, "fp32").eval()
    states = _HiddenStates(backbone, LAYERS.get(str(folder.pooling), (-1,))).eval()
    limit = min(CALIBRATION_TOKENS, folder.positions or CALIBRATION_TOKENS)
    tokenize = TextTokenizer(load_tokenizer(folder), limit, folder.prompt, lowercase=folder.lowercase)
    texts = [ids for ids in tokenize(calibration_texts()).ids if len(ids)]
    example = _as_tensors(texts[:2])
    try:
        with _quiet(), torch.inference_mode():
            model = openvino.convert_model(states, example_input=example)
    except Exception as error:  # each architecture has errors of its own
        raise GisError(
            f"{folder.folder} cannot be converted for int8: {reason_of(error)}", remedy="use --precision bf16 or fp32"
        ) from error
    _check_conversion(openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}), states, texts)
    with _quiet():
        import nncf

        nncf.set_log_level(logging.ERROR)
        batches = [_padded([ids]) for ids in texts]
        return nncf.quantize(
            model,
            nncf.Dataset([{"input_ids": ids, "attention_mask": mask} for ids, mask in batches]),
            model_type=nncf.ModelType.TRANSFORMER,  # keeps attention's scores and normalisation in floats
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(batches),
        )


def _check_conversion(converted: Any, states: "_HiddenStates", texts: Sequence[TokenIds]) -> None:  # noqa: ANN401
    """Raise a GisError unless a converted model still is the model, for texts of lengths that it was not traced with.

    Conversion may switch dropout on, or fix what depends on a text's length.
    """
    sample = [max(texts, key=len)[:LONGEST_SAMPLE], min(texts, key=len)]
    inputs = _as_tensors(sample)
    with torch.inference_mode():
        expected = states(**inputs)
    found = torch.from_numpy(converted([tensor.numpy() for tensor in inputs.values()])[0])
    for row, ids in enumerate(sample):
        atol = tolerance(torch.float32) * max(1.0, float(expected[row, : len(ids)].abs().max()))
        if not torch.allclose(found[row, : len(ids)], expected[row, : len(ids)], rtol=0, atol=atol):
            raise GisError("converted for int8, the model gives other vectors", remedy="use --precision bf16 or fp32")


class _HiddenStates(nn.Module):
    """A backbone as a function of two tensors to the average of some hidden states."""

    def __init__(self, backbone: Any, layers: Sequence[int]) -> None:  # noqa: ANN401
        super().__init__()
        self._backbone = backbone
        self._layers = layers

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        return states_by_transformers(self._backbone, inputs, self._layers)


def _padded(texts: Sequence[TokenIds]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return token ids side by side, (texts, longest), and a mask of what is not padding."""
    ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def _as_tensors(texts: Sequence[TokenIds]) -> dict[str, Tensor]:
    ids, mask = _padded(texts)
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' progress bars out of standard output, and their remarks about tracing."""
    with quiet_transformers(), warnings.catch_warnings(), redirect_stdout(StringIO()), _no_telemetry():
        warnings.simplefilter("ignore")
        yield


def _openvino() -> Any:  # noqa: ANN401 - a module
    with _no_telemetry():
        import openvino

    return openvino


@contextmanager
def _no_telemetry() -> Iterator[None]:
    """Let OpenVINO and NNCF be imported without the package that would report each use of them over the network."""
    name = "openvino_telemetry"
    before = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
