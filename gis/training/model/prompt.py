"""Make a prompt part of the tokenizer, so that every library that opens the trained folder applies it."""

import copy
from typing import Any

import transformers
from tokenizers import processors

SAMPLE = "a"


def with_prompt(tokenizer: Any, prompt: str) -> Any:  # noqa: ANN401 - transformers' tokenizers share no useful type
    """Return a copy of a fast tokenizer that puts ``prompt`` around each text.

    Its tokens join the tokenizer's own special tokens, so that cutting a long text leaves both whole. A library that is
    also given the prompt adds it twice.

    Args:
        tokenizer: A fast tokenizer of transformers.
        prompt: The prompt, with ``{text}`` in place of the text.
    """
    if prompt == "{text}":
        plain = copy.deepcopy(tokenizer)
        plain.chat_template = None  # sentence-transformers would wrap every text in it
        return plain
    backend = copy.deepcopy(tokenizer.backend_tokenizer)
    backend.no_truncation()
    backend.no_padding()
    around = backend.encode(SAMPLE)
    own = len(backend.encode(SAMPLE, add_special_tokens=False).ids)
    first = next(n for n, special in enumerate(around.special_tokens_mask) if not special)
    before, after = prompt.split("{text}")
    pieces = {
        "gis-before": [*around.ids[:first], *backend.encode(before, add_special_tokens=False).ids],
        "gis-after": [*backend.encode(after, add_special_tokens=False).ids, *around.ids[first + own :]],
    }
    pieces = {name: ids for name, ids in pieces.items() if ids}
    single = [name for name in ("gis-before", "$A", "gis-after") if name == "$A" or name in pieces]
    backend.post_processor = processors.TemplateProcessing(
        single=single,
        pair=[*single, "$B:0"],
        special_tokens=[
            {"id": name, "ids": ids, "tokens": [backend.id_to_token(i) for i in ids]} for name, ids in pieces.items()
        ],
    )
    # Not the tokenizer's own class: BERT's, for one, restores BERT's template when it is opened again.
    return transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        truncation_side=tokenizer.truncation_side,
        model_input_names=tokenizer.model_input_names,
        **tokenizer.special_tokens_map,
    )
