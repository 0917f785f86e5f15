"""Measure the engine alone against sentence-transformers: the same vectors, how much time for them.

Both run in this process, in turn, on the same model folder, texts, device, precision and number of threads.
sentence-transformers runs at several batch sizes; its default (32) and its best one are reported. Exits with 1 where
vectors differ by more than rounding. The model is a folder, or made of random weights with --shape: speed does not
depend on weights.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from gis.models.base import Encoder, LoadSettings, Precision
from gis.models.registry import load_model
from gis.models.transformer.device import DTYPES, describe_device
from gis.spec import Spec

Vectors = NDArray[np.float32]
BATCH_SIZES = (8, 32, 128)
DEFAULT_BATCH_SIZE = 32
SMALL: dict[str, Any] = {
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
}
LARGEST_DIFFERENCE = {"fp32": 1e-5, "bf16": 0.02, "int8": 0.1}  # of unit vectors' numbers


def random_model(shape: str, tokenizer: Path, folder: Path) -> None:
    """Write a model of random weights into ``folder``: "minilm", "bert-base" or "modernbert" (8,192 tokens)."""
    torch.manual_seed(0)
    words = transformers.AutoTokenizer.from_pretrained(tokenizer)
    if shape == "modernbert":
        words.model_max_length = 8192
        config: Any = transformers.ModernBertConfig(vocab_size=len(words), **SMALL, pad_token_id=words.pad_token_id)
        transformers.ModernBertModel(config).save_pretrained(folder)
    else:
        words.model_max_length = 512
        config = transformers.BertConfig(vocab_size=len(words), **(SMALL if shape == "minilm" else {}))
        transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    words.save_pretrained(folder)


def floating_point_operations(model: Any, lengths: Sequence[int]) -> float:  # noqa: ANN401
    """Return the operations of the layers for texts of these lengths, whole attention counted: 4nhi + 8nh² + 4n²h."""
    config = model.config
    h, i = config.hidden_size, config.intermediate_size * (1.5 if config.model_type == "modernbert" else 1)
    return float(sum(config.num_hidden_layers * (4 * n * h * i + 8 * n * h * h + 4 * n * n * h) for n in lengths))


def matrix_rate(device: str, dtype: torch.dtype) -> float:
    """Return the operations a second of a large matrix product by torch, the best of ten."""
    size = 2048 if device == "cpu" else 8192
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / min(seconds(lambda: a @ b, device) for _ in range(10))


def seconds(work: Callable[[], object], device: str) -> float:
    """Return how long ``work`` takes, until the device has finished."""
    started = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def unit(vectors: Vectors) -> Vectors:
    """Scale vectors to length 1, as some folders do and others do not."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def main() -> None:
    """Run the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=Path, required=True, help="a file with a JSON string on each line")
    options.add_argument("--model", type=Path, help="a model folder")
    options.add_argument("--shape", choices=("minilm", "bert-base", "modernbert"), help="random weights instead")
    options.add_argument("--tokenizer", type=Path, help="with --shape: a folder with a tokenizer")
    options.add_argument("--device", default="cpu")
    options.add_argument("--precision", choices=("fp32", "bf16", "int8"), default="fp32")
    options.add_argument("--max-length", type=int)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--batch-sizes", type=int, nargs="+", default=list(BATCH_SIZES))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made, torch.inference_mode():
        folder = chosen.model
        if chosen.shape:
            folder = Path(made) / chosen.shape
            random_model(chosen.shape, chosen.tokenizer, folder)
        sys.exit(0 if compare(folder, chosen) else "the vectors differ")


def compare(folder: Path, chosen: argparse.Namespace) -> bool:
    """Measure and print; return whether all vectors were the same."""
    texts = [json.loads(line) for line in chosen.texts.read_text(encoding="utf-8").splitlines()]
    precision: Precision = chosen.precision
    settings = LoadSettings(device=chosen.device, precision=precision, max_length=chosen.max_length)
    ours = load_model(Spec(str(folder)), settings)
    assert isinstance(ours, Encoder)
    ours.load()
    dtype = DTYPES.get(precision, torch.float32)  # sentence-transformers has no int8 of its own
    theirs = SentenceTransformer(str(folder), device=chosen.device, model_kwargs={"dtype": dtype})
    if ours.card.max_tokens is not None:
        theirs.max_seq_length = ours.card.max_tokens

    def encode(size: int) -> Callable[[], Vectors]:
        return lambda: np.asarray(theirs.encode(texts, batch_size=size, show_progress_bar=False))

    programs: dict[str, Callable[[], Vectors]] = {
        "gis": lambda: ours.encode(texts),
        **{f"batches of {size}": encode(size) for size in chosen.batch_sizes},
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    largest, expected = 0.0, None
    for work in programs.values():  # unmeasured: kernels are chosen, caches filled
        vectors = unit(np.asarray(work(), dtype=np.float32))
        expected = vectors if expected is None else expected
        largest = max(largest, float(np.abs(vectors - expected).max()))
    for number in range(chosen.rounds):
        names = list(programs)[number % len(programs) :] + list(programs)[: number % len(programs)]
        for name in names:
            times[name].append(seconds(programs[name], chosen.device))
    report(times, ours, theirs, texts, largest, chosen)
    return largest <= LARGEST_DIFFERENCE[precision]


def report(
    times: dict[str, list[float]],
    ours: Encoder,
    theirs: SentenceTransformer,
    texts: list[str],
    largest: float,
    chosen: argparse.Namespace,
) -> None:
    """Print the rates and ratios."""
    lengths = np.concatenate([batch.kept for batch in ours.batches(texts)])
    fastest = min(times["gis"])
    work = floating_point_operations(theirs[0].model, (lengths + 2).tolist())
    name = chosen.shape or "/".join(chosen.model.parts[-2:])
    top = matrix_rate(chosen.device, DTYPES.get(chosen.precision, torch.float32))
    sys.stdout.write(
        f"{name}, {chosen.precision}, {describe_device(torch.device(chosen.device))}, torch "
        f"{torch.__version__}: {len(texts):,} texts, {int(lengths.sum()):,} tokens read; largest difference "
        f"{largest:.1e}\n"
        f"gis: {fastest:.2f} s, {lengths.sum() / fastest:,.0f} tokens/s, {work / fastest / 1e9:,.0f} GFLOP/s in useful "
        f"tokens, {work / fastest / top:.0%} of torch's matrix product ({top / 1e9:,.0f})\n"
    )
    for program, spent in times.items():
        if program != "gis":
            ratios = [one / other for one, other in zip(spent, times["gis"], strict=True)]
            sys.stdout.write(
                f"sentence-transformers, {program}: {min(spent):.2f} s; times gis {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f})\n"
            )


if __name__ == "__main__":
    main()
