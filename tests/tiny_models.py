"""Real models of a few kilobytes, random weights from a fixed seed, built in a moment and without any download."""

import shutil
import string
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

HIDDEN = 32
POSITIONS = 64
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA_SPECIAL = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")  # in the order of RoBERTa's vocabulary: padding is 1
WORDS = (
    "a an the is are on in of to and or not no with without it this that crash crashes error fails bug issue "
    "report duplicate window closes opens file open save build test slow fast memory leak install version new old "
    "red green blue cat dog sat mat ran tree small big text long short word compiler panics when compiling"
).split()


def save_bert(folder: Path, *, seed: int = 0, lower: bool = True, **config: Any) -> Path:  # noqa: ANN401
    """A two-layer BERT with its wordpiece tokenizer, as save_pretrained writes it; ``config`` overrides its shape."""
    tokenizer = wordpiece_tokenizer(lower=lower)
    settings = transformers.BertConfig(**{**_shape(len(tokenizer)), "num_hidden_layers": 2, **config})
    return _save(transformers.BertModel, settings, tokenizer, folder, seed)


def save_roberta(folder: Path, *, kind: str = "Roberta", seed: int = 0) -> Path:
    """A two-layer RoBERTa or (``kind="XLMRoberta"``) XLM-RoBERTa, whose positions begin behind the padding's row."""
    tokenizer = wordpiece_tokenizer(special=ROBERTA_SPECIAL)
    shape = {**_shape(len(tokenizer)), "pad_token_id": 1, "type_vocab_size": 1}
    settings = getattr(transformers, f"{kind}Config")(num_hidden_layers=2, **shape)
    return _save(getattr(transformers, f"{kind}Model"), settings, tokenizer, folder, seed)


def save_decoder(folder: Path, *, seed: int = 0) -> Path:
    """A two-layer Llama with a byte tokenizer that adds no special tokens."""
    tokenizer = byte_tokenizer()
    return _save(transformers.LlamaModel, _llama(len(tokenizer), POSITIONS), tokenizer, folder, seed)


def save_causal(folder: Path, *, seed: int = 0, positions: int = 2048) -> Path:
    """The same with a head that predicts the next byte."""
    tokenizer = byte_tokenizer()
    tokenizer.model_max_length = positions
    return _save(transformers.LlamaForCausalLM, _llama(len(tokenizer), positions), tokenizer, folder, seed)


def _llama(vocabulary: int, positions: int) -> transformers.LlamaConfig:
    return transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )


def save_lora(folder: Path, base: Path, *, modules: Sequence[str] = ("q_proj", "v_proj"), seed: int = 0) -> Path:
    """A LoRA adapter on ``base`` whose both factors are random, so that it changes every vector."""
    import peft

    torch.manual_seed(seed)
    model = transformers.AutoModel.from_pretrained(base)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=list(modules), init_lora_weights=False)
    peft.get_peft_model(model, config).save_pretrained(str(folder))
    return folder


def save_sentence_transformer(
    folder: Path,
    body: Path,
    *,
    pooling: str | Sequence[str] = "mean",
    normalize: bool = True,
    dense: bool = False,
    max_seq_length: int = 16,
    lowercase: bool = False,
    prompts: dict[str, str] | None = None,
    default_prompt: str | None = None,
) -> Path:
    """A sentence-transformers folder around the model in ``body``, saved by sentence-transformers itself."""
    from sentence_transformers import SentenceTransformer

    parts = sentence_transformers_modules()
    torch.manual_seed(0)
    modules = [parts.Transformer(str(body), max_seq_length=max_seq_length, do_lower_case=lowercase)]
    modules.append(parts.Pooling(HIDDEN, pooling_mode=pooling))
    if dense:
        modules.append(parts.Dense(HIDDEN, 8))
    if normalize:
        modules.append(parts.Normalize())
    SentenceTransformer(modules=modules, prompts=prompts, default_prompt_name=default_prompt, device="cpu").save(
        str(folder), create_model_card=False
    )
    return folder


def save_sparse(folder: Path, *, seed: int = 0) -> Path:
    """A SPLADE model of random weights, saved by sentence-transformers itself."""
    from sentence_transformers import SparseEncoder

    tokenizer = wordpiece_tokenizer()
    settings = transformers.BertConfig(**{**_shape(len(tokenizer)), "num_hidden_layers": 2})
    body = _save(transformers.BertForMaskedLM, settings, tokenizer, folder.with_name(f"{folder.name}-body"), seed)
    SparseEncoder(str(body), device="cpu").save(str(folder), create_model_card=False)
    return folder


def save_multi_vector(folder: Path, body: Path) -> Path:
    """A model of late interaction around ``body``, with a random projection, saved by sentence-transformers itself."""
    from sentence_transformers import MultiVectorEncoder

    torch.manual_seed(0)
    MultiVectorEncoder(str(body), device="cpu").save(str(folder), create_model_card=False)
    return folder


def save_static(folder: Path) -> Path:
    """A sentence-transformers folder with nothing but one vector a token."""
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(0)
    module = sentence_transformers_modules().StaticEmbedding(wordpiece_tokenizer().backend_tokenizer, embedding_dim=12)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    return folder


def copy(folder: Path, target: Path) -> Path:
    """A copy of a model folder that a test may spoil."""
    return Path(shutil.copytree(folder, target))


def wordpiece_tokenizer(
    *, lower: bool = True, special: Sequence[str] = SPECIAL
) -> transformers.PreTrainedTokenizerFast:
    """BERT's tokenizer over a few dozen words and the letters, so that any Latin word has several pieces."""
    letters = [*string.ascii_lowercase, *(string.ascii_uppercase if not lower else ""), *string.digits, *".,:!?-"]
    pieces = dict.fromkeys([*special, *WORDS, *letters, *(f"##{letter}" for letter in letters)])
    vocabulary = {piece: n for n, piece in enumerate(pieces)}
    backend = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=lower)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    )
    backend.decoder = decoders.WordPiece()
    return transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        model_max_length=POSITIONS,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def byte_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """One token a byte, none added: an empty text has no token at all."""
    pieces = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    backend = tokenizers.Tokenizer(models.BPE({piece: n for n, piece in enumerate(pieces)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend, model_max_length=POSITIONS, pad_token="<pad>", eos_token="<eos>"
    )


def _shape(vocabulary: int) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_attention_heads": 4,
        "max_position_embeddings": POSITIONS,
    }


def _save(kind: Any, config: Any, tokenizer: Any, folder: Path, seed: int) -> Path:  # noqa: ANN401
    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():  # the usual 0.02 would leave all texts' vectors nearly alike
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(std=0.3)
            elif name.endswith("bias"):
                weight.normal_(std=0.1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sentence_transformers_modules() -> Any:  # noqa: ANN401
    try:
        return import_module("sentence_transformers.sentence_transformer.modules")
    except ModuleNotFoundError:  # where sentence-transformers 5 has them
        return import_module("sentence_transformers.models")
