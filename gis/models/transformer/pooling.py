"""From one vector a token to one vector a text."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

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
POOLINGS: dict[str, Callable[["Tensor", "Tensor"], "Tensor"]] = {
    "cls": _cls,
    "mean": _mean,
    "max": _max,
    "last": _last,
    "cls_avg": _cls_avg,  # AnglE's: half the first token, half the mean over all tokens
    FIRST_LAST_AVG: _mean,
    LAST_TWO_AVG: _mean,
}
# The hidden states whose average a pooling reads (0 the embeddings, 1 the first layer's, -1 the last layer's), where it
# is not the last layer alone.
LAYERS: dict[str, tuple[int, ...]] = {FIRST_LAST_AVG: (1, -1), LAST_TWO_AVG: (-2, -1)}
# The one token that a pooling reads, where it is not all of them: the last layer's work on others is left out.
TOKEN: dict[str, Literal["first", "last"]] = {"cls": "first", "last": "last"}
# With the names of other libraries.
POOLING_NAMES = {"avg": "mean", "lasttoken": "last", **{name: name for name in POOLINGS}}
