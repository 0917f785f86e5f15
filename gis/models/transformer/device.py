"""Where a model runs."""

import platform
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import torch

from gis.errors import UsageError
from gis.models.base import TrainingPrecision

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str, precision: str = "fp32") -> torch.device:
    """Return the device called ``name``; "auto" takes CUDA, else Apple's GPU, else the CPU, which alone has int8.

    Raises:
        UsageError: This machine has no such device.
    """
    if name == "auto" and precision == "int8":
        name = "cpu"
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(
            f"no device '{name}' here ({str(error).splitlines()[0]})", remedy="use auto, cpu, cuda or mps"
        ) from error
    return device


def choose_devices(name: str, precision: str = "fp32") -> list[torch.device]:
    """Return the devices that embed side by side: every GPU for "cuda", or "auto" where there are some, else one.

    Raises:
        UsageError: This machine has no such device, or one of its GPUs cannot be used.
    """
    device = choose_device(name, precision)
    if device.type != "cuda" or device.index is not None or torch.cuda.device_count() < 2:
        return [device]
    return [choose_device(f"cuda:{number}") for number in range(torch.cuda.device_count())]


def training_precision(name: TrainingPrecision, device: torch.device) -> Literal["fp32", "bf16"]:
    """Return the number format to train in: "auto" takes bf16 where a GPU has it, else fp32."""
    if name != "auto":
        return name
    return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"


def describe_device(device: torch.device) -> str:
    """Describe the device as a result records it: the GPU's name, or the processor's kind and the threads used."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}: {platform.machine()}, {torch.get_num_threads()} threads"


def describe_devices(devices: Sequence[torch.device]) -> str:
    """Describe devices that work side by side: "2 × cuda: NVIDIA H100"."""
    counts = Counter(map(describe_device, devices))
    return " + ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())


def check_precision(name: str, device: torch.device) -> None:
    """Raise a UsageError where a device computes in a precision only by way of another, many times slower."""
    list_features = getattr(torch.cpu, "get_capabilities", None)  # since torch 2.12
    if device.type != "cpu" or name in ("fp32", "int8") or list_features is None:
        return
    features = list_features()
    if features.get("architecture") != "x86_64":
        return
    has = {
        "bf16": features.get("avx512_bf16") or features.get("amx_bf16"),
        "fp16": features.get("avx512_fp16") or features.get("amx_fp16"),
    }
    if not has[name]:
        known = ["fp32", *(other for other, there in has.items() if there)]
        raise UsageError(f"this processor has no arithmetic for {name}; it has {' and '.join(known)}")
