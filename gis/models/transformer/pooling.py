"""From one vector a token to one vector a text."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# Each takes hidden states (texts, tokens, width), a mask (texts, tokens) of 1 for real tokens, texts padded on the
# right, and gives (texts, width). Torch is not imported: the names must be known before a model is loaded.


def _cls(hidden: "Tensor", mask: "Tensor") -> "Tensor":  # noqa: ARG001
    return hidden[:, 0]


def _mean(hidden: "Tensor", mask: "Tensor") -> "Tensor":
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def _max(hidden: "Tensor", mask: "Tensor") -> "Tensor":
    return hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(1)


def _last(hidden: "Tensor", mask: "Tensor") -> "Tensor":
    last = mask.sum(1).long() - 1
    return hidden[range(len(hidden)), last]


def _cls_avg(hidden: "Tensor", mask: "Tensor") -> "Tensor":
    return (_cls(hidden, mask) + _mean(hidden, mask)) / 2


FIRST_LAST_AVG, LAST_TWO_AVG = "first-last-avg", "last2avg"
# Which hidden state is averaged with the last one before pooling: 0 are the embeddings, 1 is the first layer's output.
OTHER_LAYER = {FIRST_LAST_AVG: 1, LAST_TWO_AVG: -2}

POOLINGS: dict[str, Callable[["Tensor", "Tensor"], "Tensor"]] = {
    "cls": _cls,
    "mean": _mean,
    "max": _max,
    "last": _last,
    "cls_avg": _cls_avg,  # AnglE's: half the first token, half the mean over all tokens
    FIRST_LAST_AVG: _mean,  # of the average of two layers, which the encoder prepares
    LAST_TWO_AVG: _mean,
}
# With the names of other libraries.
POOLING_NAMES = {"avg": "mean", "lasttoken": "last", **{name: name for name in POOLINGS}}
