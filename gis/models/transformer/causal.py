"""A causal language model in this process, which answers a question with one of a few words."""

import inspect
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers

from gis.errors import GisError
from gis.hashes import sha256_of
from gis.models.base import LoadSettings
from gis.models.transformer.device import choose_device
from gis.models.transformer.folder_files import content_hashes, weight_files
from gis.models.transformer.loading import check_weights, load_tokenizer, quiet_transformers, reason_of
from gis.models.transformer.model_folder import ModelFolder, find_folder
from gis.models.transformer.trust import check_architecture

CUE = "Answer:"  # what a model without a chat template goes on from
ROWS = 4096  # of the vocabulary that are decoded at once


class TooLongError(GisError):
    """A question has more tokens than the model reads."""


class Choice(NamedTuple):
    """What a model says of a question.

    Attributes:
        probabilities: Of each answer; they sum to 1.
        mass: The probability that the next token is one of them at all.
        tokens: Tokens of the question.
    """

    probabilities: tuple[float, ...]
    mass: float
    tokens: int


class CausalModel:
    """A folder or Hub id of a causal language model, in the number format of its weights, which are loaded when used.

    Attributes:
        name: What was typed for it.
        identity: Hash of everything that decides its answers.
    """

    def __init__(self, name: str, settings: LoadSettings) -> None:
        """Find the folder; no code of it is run.

        Raises:
            UsageError: Nothing can have this name.
            GisError: It is not a whole model, or needs code of its own.
        """
        self.name = name
        self._folder, self._settings = find_folder(name, None, settings), settings
        if not (self._folder / "config.json").is_file() or not weight_files(self._folder):
            raise GisError(f"{name} is not a language model: it lacks a config.json or weights")
        check_architecture(self._folder, trusted=False)
        self.identity = sha256_of(content_hashes(self._folder))

    def choose(self, system: str, user: str, answers: Sequence[str]) -> Choice:
        """Return the probability of each answer as the next token.

        Args:
            system: The instructions.
            user: The question.
            answers: Short words, each of which must be a token.

        Raises:
            TooLongError: The question has more tokens than the model reads.
            GisError: An answer is not a token, or the model cannot be loaded.
        """
        ids = self._tokens(system, user)
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if limit is not None and len(ids) > limit:
            raise TooLongError(f"the question has {len(ids):,} tokens, of which {self.name} reads {limit:,}")
        last = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(self._model.forward).parameters else {}
        with torch.inference_mode():
            batch = torch.tensor([ids], device=self._model.device)
            logits = self._model(input_ids=batch, attention_mask=torch.ones_like(batch), use_cache=False, **last).logits
            shares = torch.softmax(logits[0, -1].double(), dim=-1).cpu()
        parts = [float(shares[self._tokens_of[answer]].sum()) for answer in self._known(answers)]
        mass = sum(parts)
        if not 0 < mass <= 1 + 1e-6:
            raise GisError(f"{self.name} gives none of the answers a probability")
        return Choice(tuple(part / mass for part in parts), mass, len(ids))

    def _known(self, answers: Sequence[str]) -> Sequence[str]:
        missing = [answer for answer in answers if answer not in self._tokens_of]
        if missing:
            raise GisError(f"{self.name} has no single token for {', '.join(missing)}")
        return answers

    def _tokens(self, system: str, user: str) -> list[int]:
        """Return the question as the model's chat template puts it; without one, as a text to go on from."""
        ids: list[int]
        if not self._tokenizer.chat_template:
            ids = self._tokenizer(f"{system}\n\n{user}\n\n{CUE}").input_ids
            return ids
        chats = (
            [{"role": "system", "content": system}, {"role": "user", "content": user}],
            [{"role": "user", "content": f"{system}\n\n{user}"}],  # some templates know no system
        )
        for messages in chats:
            try:
                text = self._tokenizer.apply_chat_template(
                    messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
                )
            except Exception as error:  # a template may raise anything
                reason = reason_of(error)
                continue
            ids = self._tokenizer(text, add_special_tokens=False).input_ids
            return ids
        raise GisError(f"the chat template of {self.name} fails: {reason}")

    @cached_property
    def _tokens_of(self) -> dict[str, list[int]]:
        """The tokens that are read as each word: with and without a blank before it."""
        tokens: dict[str, list[int]] = {}
        size = min(len(self._tokenizer), self._model.get_output_embeddings().weight.shape[0])
        for start in range(0, size, ROWS):
            rows = range(start, min(start + ROWS, size))
            for token, text in zip(rows, self._tokenizer.batch_decode([[row] for row in rows]), strict=True):
                tokens.setdefault(text.strip(), []).append(token)
        return tokens

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401
        return load_tokenizer(_as_folder(self._folder))

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - transformers' models share no type
        try:
            with quiet_transformers():
                loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
                    self._folder, dtype="auto", output_loading_info=True
                )
        except Exception as error:  # every library below has errors of its own
            raise GisError(f"{self.name} cannot be loaded as a language model: {reason_of(error)}") from error
        model, report = loaded
        check_weights(self._folder, report)
        return model.eval().to(choose_device(self._settings.device))


def _as_folder(folder: Path) -> ModelFolder:
    return ModelFolder(folder=folder, layout="plain", pooling=None, prompt="{text}", max_tokens=None)
