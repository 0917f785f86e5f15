"""Measure encoding against other runtimes: ONNX Runtime and OpenVINO by sentence-transformers, FastEmbed, model2vec.

Each runs in a process of its own that stays loaded, in turn with gis, on the same texts. The others need an environment
of their own (requirements-runtimes.txt): their exporters want an older transformers. Vectors are compared first.
"""

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BATCH_SIZES = (8, 32, 128)
TOLERANCE = 1e-4  # of unit vectors' numbers, between programs in float32
REDUCED = {"gis bf16": 0.05, "gis int8": 0.2, "OpenVINO": 0.05}  # OpenVINO takes bf16 by itself where it can

IN_FP32 = {"INFERENCE_PRECISION_HINT": "f32"}
Encode = Callable[[list[str], int], Any]


def by_gis(folder: Path, limit: int, precision: str = "fp32") -> Encode:
    """MiniLM, or static vectors, by gis, which chooses its batches."""
    from gis.models.base import Encoder, LoadSettings
    from gis.models.registry import load_model
    from gis.spec import Spec

    settings = LoadSettings(device="cpu", precision=precision, max_length=limit)  # type: ignore[arg-type]
    model = load_model(Spec(str(folder)), settings)
    assert isinstance(model, Encoder)
    return lambda texts, _: model.encode(texts)


def by_sentence_transformers(folder: Path, limit: int, backend: str, **options: Any) -> Encode:  # noqa: ANN401
    """MiniLM by sentence-transformers, exported for a backend on the way."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", backend=backend, model_kwargs=options)  # type: ignore[arg-type]
    model.max_seq_length = limit
    return lambda texts, size: model.encode(texts, batch_size=size, show_progress_bar=False)


def by_fastembed(folder: Path, limit: int) -> Encode:
    """MiniLM by FastEmbed, which is given the export of sentence-transformers."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType
    from sentence_transformers import SentenceTransformer

    exported = Path(tempfile.mkdtemp()) / "exported"
    SentenceTransformer(str(folder), device="cpu", backend="onnx").save_pretrained(str(exported))
    file = exported / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "model_max_length": limit, "max_length": limit}), encoding="utf-8")
    TextEmbedding.add_custom_model(
        model="perf/minilm",
        pooling=PoolingType.MEAN,
        normalization=True,
        sources=ModelSource(hf="perf/minilm"),
        dim=384,
        model_file="onnx/model.onnx",
    )
    model = TextEmbedding("perf/minilm", specific_model_path=str(exported), threads=threads())
    return lambda texts, size: list(model.embed(texts, batch_size=size))


def by_model2vec(folder: Path, limit: int) -> Encode:
    """Static vectors by model2vec."""
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(str(folder))
    return lambda texts, size: model.encode(texts, max_length=limit, batch_size=size, use_multiprocessing=False)


RUNTIMES: dict[str, Callable[[Path, int], Encode]] = {
    "gis": by_gis,
    "gis bf16": lambda folder, limit: by_gis(folder, limit, "bf16"),
    "gis int8": lambda folder, limit: by_gis(folder, limit, "int8"),
    "ONNX Runtime": lambda folder, limit: by_sentence_transformers(folder, limit, "onnx"),
    "OpenVINO": lambda folder, limit: by_sentence_transformers(folder, limit, "openvino"),
    "OpenVINO fp32": lambda folder, limit: by_sentence_transformers(folder, limit, "openvino", ov_config=IN_FP32),
    "FastEmbed": by_fastembed,
}
STATIC: dict[str, Callable[[Path, int], Encode]] = {"gis": by_gis, "model2vec": by_model2vec}


def threads() -> int:
    """Return how many threads a program may use."""
    return int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))


def worker(runtime: Callable[[Path, int], Encode], texts: list[str], chosen: argparse.Namespace) -> None:
    """Load, write the vectors, then encode once for each batch size that is read, and print the seconds."""
    import numpy as np

    answers, sys.stdout = sys.stdout, io.StringIO()  # libraries print what they export
    encode = runtime(chosen.model, chosen.max_length)
    np.save(chosen.vectors, np.asarray(encode(texts, BATCH_SIZES[1]), dtype=np.float32))
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        wall, busy = time.perf_counter(), time.process_time()
        encode(texts, int(line))
        answers.write(f"{time.perf_counter() - wall} {time.process_time() - busy}\n")
        answers.flush()


@contextlib.contextmanager
def started(names: list[str], chosen: argparse.Namespace, folder: Path) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """Start a worker for each runtime, one after the other, and end them all."""
    workers: dict[str, subprocess.Popen[str]] = {}
    try:
        for number, name in enumerate(names):
            python = sys.executable if name.startswith("gis") else chosen.peers
            options = [
                "--texts",
                str(chosen.texts),
                "--model",
                str(chosen.model),
                "--max-length",
                str(chosen.max_length),
            ]
            command = [python, __file__, *options, "--worker", name, "--vectors", str(folder / f"{number}.npy")]
            command += ["--static"] if chosen.static else []
            errors = (folder / f"{number}.log").open("w")
            workers[name] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            if answer(workers[name]) != "ready":
                last = (folder / f"{number}.log").read_text(encoding="utf-8").splitlines()[-5:]
                sys.exit("\n".join([f"{name} failed:", *last]))
        yield workers
    finally:
        for process in workers.values():
            process.terminate()


def answer(process: "subprocess.Popen[str]") -> str:
    """Read one line of a worker's."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def timed(process: "subprocess.Popen[str]", size: int) -> tuple[float, float]:
    """Let a worker encode the texts once: seconds, and those of all its threads on a processor."""
    assert process.stdin is not None
    process.stdin.write(f"{size}\n")
    process.stdin.flush()
    wall, busy = answer(process).split()
    return float(wall), float(busy)


def compare(chosen: argparse.Namespace) -> bool:
    """Measure and print; return whether the vectors are the same."""
    import numpy as np

    names = list(STATIC if chosen.static else RUNTIMES)
    with tempfile.TemporaryDirectory() as made, started(names, chosen, Path(made)) as workers:
        vectors = [np.load(Path(made) / f"{number}.npy") for number in range(len(names))]
        units = [each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-12) for each in vectors]
        differences = {name: float(np.abs(unit - units[0]).max()) for name, unit in zip(names, units, strict=True)}
        programs = [
            (name, size) for name in names for size in (chosen.batch_sizes if not name.startswith("gis") else [0])
        ]
        times: dict[tuple[str, int], list[tuple[float, float]]] = {program: [] for program in programs}
        for number in range(chosen.rounds):
            for program in programs[number % len(programs) :] + programs[: number % len(programs)]:
                times[program].append(timed(workers[program[0]], program[1]))
    seconds = {p: [statistics.median(column) for column in zip(*spent, strict=True)] for p, spent in times.items()}
    sys.stdout.write(
        f"{len(vectors[0]):,} texts, {threads()} threads, load average {os.getloadavg()[0]:.1f}; the best batch size "
        f"of each by processor seconds (of all threads), medians of {chosen.rounds} rounds.\n\n"
        "| program | batches | seconds | times gis | processor seconds | times gis | largest difference from gis |\n"
        "|---|---:|---:|---:|---:|---:|---:|\n"
    )
    for name in names:
        program = min((program for program in programs if program[0] == name), key=lambda program: seconds[program][1])
        ratios = [own / of_gis for own, of_gis in zip(seconds[program], seconds["gis", 0], strict=True)]
        columns = " | ".join(f"{own:.2f} | {ratio:.2f}" for own, ratio in zip(seconds[program], ratios, strict=True))
        sys.stdout.write(f"| {name} | {program[1] or 'its own'} | {columns} | {differences[name]:.1e} |\n")
    return all(value <= REDUCED.get(name, TOLERANCE) for name, value in differences.items())


def static_vectors(model: Path, folder: Path) -> Path:
    """Write MiniLM's own token embeddings as a static model of model2vec."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    name = next(key for key in weights if key.endswith("word_embeddings.weight"))
    folder.mkdir()
    save_file({"embeddings": weights[name]}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "model2vec", "normalize": true}', encoding="utf-8")
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    text = json.dumps({**tokenizer, "truncation": None, "padding": None, "post_processor": None})
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    return folder


def main() -> None:
    """Run the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=Path, required=True, help="a file with a JSON string on each line")
    options.add_argument("--model", type=Path, required=True, help="the folder of MiniLM")
    options.add_argument("--peers", help="the python of the other runtimes' environment")
    options.add_argument("--static", action="store_true", help="static vectors of its tokens instead, by model2vec")
    options.add_argument("--max-length", type=int, default=256)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--batch-sizes", type=int, nargs="+", default=list(BATCH_SIZES))
    options.add_argument("--worker", help=argparse.SUPPRESS)
    options.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    if chosen.worker:
        texts = [json.loads(line) for line in chosen.texts.read_text(encoding="utf-8").splitlines()]
        worker((STATIC if chosen.static else RUNTIMES)[chosen.worker], texts, chosen)
        return
    with tempfile.TemporaryDirectory() as made:
        if chosen.static:
            chosen.model = static_vectors(chosen.model, Path(made) / "static")
        sys.exit(0 if compare(chosen) else "the vectors differ")


if __name__ == "__main__":
    main()
