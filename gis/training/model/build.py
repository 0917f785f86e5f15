"""Build the model to train: a pretrained encoder, with fewer layers, random weights or an adapter where asked."""

from typing import Any

import transformers

from gis.errors import GisError, UsageError
from gis.models.base import Precision
from gis.models.transformer.encoder import SentenceEncoder
from gis.models.transformer.loading import load_backbone, load_tokenizer, quiet_transformers
from gis.models.transformer.model_folder import ModelFolder
from gis.training.model.prompt import with_prompt
from gis.training.model.trainable import TrainableEncoder
from gis.training.settings import TrainSettings

LORA_DROPOUT = 0.1  # the rank doubles as alpha, as in AnglE's LLaMA recipe
POOLER = r"(.*\.)?pooler\..*"  # names of its layers


def build_model(base: ModelFolder, settings: TrainSettings, *, classes: int, precision: Precision) -> TrainableEncoder:
    """Build the model that ``settings`` describe.

    Args:
        base: The encoder to start from.
        settings: Layers, random weights, adapter, mini-batches; its objective says whether a head is trained.
        classes: Number of classes where a classifier is trained, else 0.
        precision: Number format of the weights below an adapter; weights that are trained are float32.

    Raises:
        UsageError: The model has modules or a pooling that cannot be trained or saved, or fewer layers than asked for.
        GisError: It cannot be loaded, or peft is missing.
    """
    if base.pooling is None:
        raise UsageError(f"{base.name} has modules of its own after the pooling; gis cannot train those")
    backbone = _backbone(base, settings, precision if settings.lora else "fp32")
    if settings.lora:
        backbone = _with_lora(backbone, base, settings.lora)
    encoder = SentenceEncoder(backbone.eval(), base.pooling, normalize=base.normalize, trainable=True)
    model = TrainableEncoder(
        encoder, mini_batch_tokens=settings.mini_batch_tokens, mlp=settings.objective.head == "mlp", classes=classes
    )
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise GisError(f"{base.folder} has no weights to train")
    return model


def build_tokenizer(base: ModelFolder) -> Any:  # noqa: ANN401
    """Return the tokenizer of ``base`` with its prompt made part of it."""
    return with_prompt(load_tokenizer(base), base.prompt)


def _backbone(base: ModelFolder, settings: TrainSettings, precision: Precision) -> Any:  # noqa: ANN401
    trust = base.trust_remote_code
    config = None
    if settings.layers is not None or settings.random_init:
        config = transformers.AutoConfig.from_pretrained(base.folder, trust_remote_code=trust)
    if config is not None and settings.layers is not None:
        if settings.layers > config.num_hidden_layers:
            raise UsageError(f"{base.name} has {config.num_hidden_layers} layers, not {settings.layers}")
        config.num_hidden_layers = settings.layers
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[: settings.layers]
    if settings.random_init:
        with quiet_transformers():
            backbone = transformers.AutoModel.from_config(config, trust_remote_code=trust)  # type: ignore[no-untyped-call]
    else:
        backbone = load_backbone(base, precision, config)
    if backbone.config.is_encoder_decoder:
        raise UsageError(f"{base.name} is the encoder of an encoder-decoder, which gis cannot train")
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None  # it gets no gradient, which training in several processes would wait for
    return backbone


def _with_lora(backbone: Any, base: ModelFolder, rank: int) -> Any:  # noqa: ANN401
    """Return the backbone with an adapter, which will name the folder of ``base`` as what it belongs to.

    Raises:
        UsageError: ``base`` is an adapter: saved without its backbone, a second one would lose the first.
        GisError: peft is missing.
    """
    if base.adapter is not None:
        raise UsageError(
            f"{base.adapter.name} is an adapter, and another one cannot be trained on top of it",
            remedy="leave out --lora to train its weights merged with those of the backbone",
        )
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise GisError("LoRA adapters need the extra 'lora': pip install 'gis-similarity[lora]'") from error
    settings = LoraConfig(
        r=rank,
        lora_alpha=rank,
        lora_dropout=LORA_DROPOUT,
        target_modules="all-linear",
        # Training takes a pooler away, but whoever opens the adapter has a backbone with one.
        exclude_modules=POOLER if hasattr(backbone, "pooler") else None,
        task_type="FEATURE_EXTRACTION",
    )
    adapted = get_peft_model(backbone, settings)
    # A relative path would be looked for wherever the adapter is opened.
    adapted.peft_config["default"].base_model_name_or_path = str(base.folder.resolve())
    return adapted
