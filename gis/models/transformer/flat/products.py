"""Linear layers as functions of (tokens, width) to (tokens, outputs): the products that take most of the time."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Product = Callable[[Tensor], Tensor]
# Rows of the product that a packed layout is chosen for; any number may follow.
TYPICAL_TOKENS = 2048


def product(layers: Sequence[Any], activation: Any = None, *, frozen: bool) -> Product:  # noqa: ANN401 - modules
    """Return the outputs of linear layers side by side, after ``activation``, as one function.

    Args:
        layers: Modules that read the same input. One that is not exactly a linear layer, as under an adapter, is
            called as it is.
        activation: A module or function, or None.
        frozen: The weights will not change, so that they may be copied: joined into one matrix and, on a processor,
            packed for oneDNN, whose products are faster than those of the library behind ``torch.matmul`` (2.3 times
            on an AMD processor of 2025), and which computes GELU while the numbers are at hand.
    """
    if any(type(layer) is not nn.Linear for layer in layers):
        return _then(activation, lambda x: torch.cat([layer(x) for layer in layers], dim=-1))
    if not frozen:
        return _then(activation, layers[0] if len(layers) == 1 else lambda x: functional.linear(x, *_joined(layers)))
    with torch.no_grad():
        weight, bias = _joined(layers)
    if (packed := _packed(weight)) is None:
        return _then(activation, lambda x: functional.linear(x, weight, bias))
    linear = torch.ops.mkldnn._linear_pointwise
    if is_gelu(activation):
        return lambda x: linear(x, packed, bias, "gelu", [], "none")
    return _then(activation, lambda x: linear(x, packed, bias, "none", [], ""))


def is_gelu(activation: Any) -> bool:  # noqa: ANN401
    """Return whether an activation of transformers or torch is the exact GELU."""
    if isinstance(activation, nn.GELU):
        return activation.approximate == "none"
    return activation is functional.gelu or getattr(activation, "act", None) is functional.gelu


def _then(activation: Any, function: Product) -> Product:  # noqa: ANN401
    return function if activation is None else lambda x: activation(function(x))


def _joined(layers: Sequence[Any]) -> tuple[Tensor, Tensor | None]:
    """Return the weights of linear layers as one matrix, and their biases as one vector."""
    biases = [layer.bias for layer in layers if layer.bias is not None]
    return torch.cat([layer.weight for layer in layers]), torch.cat(biases) if biases else None


def _packed(weight: Tensor) -> Tensor | None:
    """Return ``weight`` in oneDNN's own layout; None where torch has no such product for it."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    try:
        packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_TOKENS)
        sample = torch.zeros(1, weight.shape[1], dtype=weight.dtype)
        torch.ops.mkldnn._linear_pointwise(sample, packed, None, "none", [], "")
    except (AttributeError, RuntimeError, NotImplementedError):  # another build of torch, or a type it lacks
        return None
    return packed
