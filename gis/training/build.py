"""The model to train: a pretrained encoder, cut, emptied or given an adapter as asked."""

from typing import Any

import transformers

from gis.errors import GisError, UsageError
from gis.models.losses import Preset
from gis.models.transformer.encoder import SentenceEncoder
from gis.models.transformer.engine import load_backbone, load_tokenizer, quieten_transformers
from gis.models.transformer.model_folder import ModelFolder
from gis.training.encoder import TrainableEncoder
from gis.training.prompt import with_prompt
from gis.training.saving import check_pooling
from gis.training.settings import TrainSettings

LORA_DROPOUT = 0.1  # the rank doubles as alpha, as in AnglE's LLaMA recipe


def build_model(
    checkpoint: ModelFolder, settings: TrainSettings, preset: Preset, *, classes: int, precision: str
) -> TrainableEncoder:
    """Load what ``settings`` ask for.

    Args:
        checkpoint: The encoder to start from.
        settings: Layers, random weights, adapter, pieces of a batch.
        preset: Says whether a head is trained.
        classes: Classes of the labels where a classifier is trained, else 0.
        precision: Of the weights below an adapter; weights that are trained are float32.

    Raises:
        UsageError: The model has modules or a pooling that cannot be trained or saved, or fewer layers.
        GisError: It cannot be loaded, or peft is missing.
    """
    if checkpoint.pooling is None:
        raise UsageError(f"{checkpoint.folder.name} has modules of its own behind the pooling; gis cannot train those")
    check_pooling(checkpoint.pooling)
    backbone = _backbone(checkpoint, settings, precision if settings.lora else "fp32")
    if settings.lora:
        backbone = _with_lora(backbone, settings.lora)
    encoder = SentenceEncoder(backbone.eval(), checkpoint.pooling, normalize=checkpoint.normalize, trainable=True)
    model = TrainableEncoder(
        encoder, mini_batch_tokens=settings.mini_batch_tokens, mlp=preset.head == "mlp", classes=classes
    )
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise GisError(f"{checkpoint.folder} has no weights to train")
    return model


def build_tokenizer(checkpoint: ModelFolder) -> Any:  # noqa: ANN401
    """The tokenizer of ``checkpoint`` with its prompt made part of it."""
    return with_prompt(load_tokenizer(checkpoint), checkpoint.prompt)


def _backbone(checkpoint: ModelFolder, settings: TrainSettings, precision: str) -> Any:  # noqa: ANN401
    trust = checkpoint.trust_remote_code
    config = None
    if settings.layers is not None or settings.random_init:
        config = transformers.AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=trust)
    if config is not None and settings.layers is not None:
        if settings.layers > config.num_hidden_layers:
            raise UsageError(f"{checkpoint.folder.name} has {config.num_hidden_layers} layers, not {settings.layers}")
        config.num_hidden_layers = settings.layers
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[: settings.layers]
    if settings.random_init:
        quieten_transformers()
        backbone = transformers.AutoModel.from_config(config, trust_remote_code=trust)  # type: ignore[no-untyped-call]
    else:
        backbone = load_backbone(checkpoint, precision, config)
    if backbone.config.is_encoder_decoder:
        raise UsageError(f"{checkpoint.folder.name} is the encoder of an encoder-decoder, which gis cannot train")
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None  # it gets no gradient, which training in several processes would wait for
    return backbone


def _with_lora(backbone: Any, rank: int) -> Any:  # noqa: ANN401
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise GisError("LoRA adapters need the extra 'lora': pip install 'gis-similarity[lora]'") from error
    settings = LoraConfig(
        r=rank,
        lora_alpha=rank,
        lora_dropout=LORA_DROPOUT,
        target_modules="all-linear",
        task_type="FEATURE_EXTRACTION",
    )
    return get_peft_model(backbone, settings)
