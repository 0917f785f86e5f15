"""What results record of a model folder: its identity, and the decisions behind its vectors."""

from gis.hashes import sha256_of
from gis.models.base import COSINE, POOLING_DECLARED, QUANTIZATION, SIMILARITY_DECLARED, LoadSettings, ModelCard
from gis.models.transformer.folder_files import count_parameters, training_of
from gis.models.transformer.late_interaction import MEAN_MAXSIM
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.quantization import describe_quantization

ENGINE_VERSION = 2  # part of every identity: raised when an engine's vectors change beyond rounding
# How gis compares the vectors of models that it does not embed with.
SCORES = {"sparse-encoder": "cosine", "multi-vector-encoder": MEAN_MAXSIM}


def card_of(model_folder: ModelFolder, settings: LoadSettings, name: str, revision: str | None) -> ModelCard:
    """Return what results record of a model folder under a display name."""
    decisions = {
        "pooling": model_folder.pooling,
        "prompt": model_folder.prompt,
        "max_tokens": model_folder.max_tokens,
        "normalize": model_folder.normalize,
        "lowercase": model_folder.lowercase,
        "precision": settings.precision,
        **({QUANTIZATION: describe_quantization(model_folder, settings)} if settings.precision == "int8" else {}),
        **({"score": SCORES[model_folder.engine]} if model_folder.engine in SCORES else {}),
    }
    content = model_folder.content_hash()
    return ModelCard(
        name=name,
        identity=sha256_of({"engine": ENGINE_VERSION, "content": content, **decisions}),
        settings={
            **decisions,
            "layout": model_folder.layout,
            "content_sha256": content,
            "revision": revision,
            "trust_remote_code": model_folder.trust_remote_code,
            **({} if model_folder.pooling_declared else {POOLING_DECLARED: False}),
            **({} if model_folder.similarity == COSINE else {SIMILARITY_DECLARED: model_folder.similarity}),
            **training_of(model_folder.adapter or model_folder.folder),
        },
        max_tokens=model_folder.max_tokens,
        parameters=count_parameters(model_folder.folder),
    )
