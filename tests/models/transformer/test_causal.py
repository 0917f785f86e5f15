"""A causal language model answers with one of a few words: probabilities of the next token."""

from pathlib import Path

import pytest
import torch
import transformers

from gis.errors import GisError, UsageError
from gis.models.base import LoadSettings
from gis.models.transformer.causal import CausalModel, TooLongError
from tests.tiny_models import copy, save_causal

LEVELS = tuple("012345")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("causal") / "model")


def load(folder: Path) -> CausalModel:
    return CausalModel(str(folder), LoadSettings(device="cpu"))


def test_the_probabilities_are_those_of_the_next_token(folder: Path) -> None:
    choice = load(folder).choose("be brief", "how many?", LEVELS)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = tokenizer("be brief\n\nhow many?\n\nAnswer:", return_tensors="pt").input_ids
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        shares = torch.softmax(model(ids).logits[0, -1].double(), dim=-1)
    expected = [float(shares[tokenizer.convert_tokens_to_ids(level)]) for level in LEVELS]
    assert choice.mass == pytest.approx(sum(expected))
    assert choice.probabilities == pytest.approx([part / sum(expected) for part in expected])
    assert choice.tokens == ids.shape[1]


@pytest.mark.parametrize("system", [True, False], ids=["system", "no system"])
def test_a_chat_template_puts_the_question(folder: Path, tmp_path: Path, system: bool) -> None:
    changed = copy(folder, tmp_path / "chat")
    tokenizer = transformers.AutoTokenizer.from_pretrained(changed)
    refuse = "" if system else "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    tokenizer.chat_template = f"{refuse}{{% for m in messages %}}[{{{{ m.role }}}}]{{{{ m.content }}}}{{% endfor %}}>"
    tokenizer.save_pretrained(changed)
    seen = load(changed)._tokens("be brief", "how many?")
    expected = "[system]be brief[user]how many?>" if system else "[user]be brief\n\nhow many?>"
    assert tokenizer.decode(seen) == expected


def test_a_question_that_is_too_long_is_refused(folder: Path) -> None:
    with pytest.raises(TooLongError, match="reads 2,048"):
        load(folder).choose("x" * 3000, "", LEVELS)


def test_a_word_that_is_not_a_token_is_refused(folder: Path) -> None:
    with pytest.raises(GisError, match="has no single token for 10"):
        load(folder).choose("", "how many?", ("1", "10"))


def test_another_weight_is_another_identity(folder: Path, tmp_path: Path) -> None:
    assert load(folder).identity == load(copy(folder, tmp_path / "same")).identity
    assert load(folder).identity != load(save_causal(tmp_path / "other", seed=1)).identity


def test_what_is_not_a_language_model_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model folder"):
        load(tmp_path / "nothing")
    with pytest.raises(GisError, match="is not a language model"):
        load(tmp_path)
    with pytest.raises(GisError, match=r"lacks .* weights"):
        load(tiny_bert).choose("", "how many?", LEVELS)
