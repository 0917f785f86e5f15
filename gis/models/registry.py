"""The models that a name can stand for: adapters, else a model folder or a Hub id."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gis.errors import UsageError, unknown_name
from gis.models.base import LoadSettings, Model
from gis.spec import Spec


@dataclass(frozen=True)
class Adapter:
    """A named model; its module is imported when the model is loaded, never before.

    Attributes:
        factory: ``module:callable``, called with the spec and the settings.
        summary: What it does, for ``gis models``.
        needs: What it needs beyond the package itself.
        source: The paper or project that it comes from.
    """

    factory: str
    summary: str
    needs: str = "nothing"
    source: str = ""


ADAPTERS = {
    "random": Adapter("gis.models.lexical:Random", "chance: uniform random numbers"),
    "length": Adapter("gis.models.lexical:Length", "difference of lengths only: shows what lengths give away"),
    "jaccard": Adapter("gis.models.lexical:Jaccard", "words in common over words in either", source="Jaccard 1912"),
    "tfidf": Adapter(
        "gis.models.lexical:TfIdf",
        "cosine of TF-IDF, fitted on the task's texts",
        source="Salton and Buckley 1988; scikit-learn",
    ),
    "bm25": Adapter(
        "gis.models.lexical:Bm25",
        "BM25 in both directions, fitted on the task's texts",
        source="Robertson and Zaragoza 2009; bm25s (Lù 2024)",
    ),
    "wordvectors": Adapter(
        "gis.models.wordvectors:WordVectors",
        "mean of word vectors",
        "path= a GloVe or word2vec text file",
        "GloVe: Pennington et al. 2014",
    ),
    "minilm": Adapter(
        "gis.models.transformer.pretrained:minilm",
        "all-MiniLM-L6-v2, embedded: no Hub",
        "the extra 'minilm'",
        "MiniLM: Wang et al. 2020; sentence-transformers",
    ),
    "whitening": Adapter(
        "gis.models.whitening:whitening",
        "cosine of a model's vectors, whitened on the task's texts",
        "model=, dimensions= if not all",
        "Su et al. 2021, arXiv 2103.15316",
    ),
    "maxsim": Adapter(
        "gis.models.maxsim:maxsim",
        "late interaction: each token's best match in the other text",
        "model=",
        "ColBERT: Khattab and Zaharia 2020, arXiv 2004.12832",
    ),
    "fusion": Adapter(
        "gis.models.fusion:fusion",
        "weighted mean of the standardised scores of models",
        "models=A+B, weights= if not equal",
    ),
    "openai": Adapter(
        "gis.models.endpoint:Endpoint",
        "an OpenAI-compatible embeddings endpoint",
        "the extra 'openai', model=, a key",
    ),
}
NAME_OPTION = "name"
HINT = "A Hub id has the form ORG/NAME; a folder must exist; a value with a comma needs double quotes."
PRETRAINED = Adapter(
    "gis.models.transformer.pretrained:pretrained",
    "a sentence-transformers, AnglE, LoRA, model2vec or Hugging Face model, also one that only compares pairs",
)


def adapter_of(spec: Spec) -> Adapter:
    """Return the adapter that ``spec`` names; nothing is imported or loaded.

    Raises:
        UsageError: No adapter, folder or Hub id can have this name.
    """
    if spec.name in ADAPTERS:
        return ADAPTERS[spec.name]
    if "/" not in spec.name and not Path(spec.name).expanduser().is_dir():
        raise unknown_name("model", spec.name, ADAPTERS, HINT)
    return PRETRAINED


def without_name(spec: Spec) -> Spec:
    """Return ``spec`` without the option ``name``, which changes nothing but what tables call the model."""
    return Spec(spec.name, {key: value for key, value in spec.options.items() if key != NAME_OPTION})


def load_model(spec: Spec, settings: LoadSettings) -> Model:
    """Load the model that ``spec`` names; the weights follow with its first text.

    Args:
        spec: An adapter, a folder or a Hub id with options. The option ``name``, which every model takes, is what
            tables and results call it.
        settings: Device, precision and length, the same for every model of a run.

    Returns:
        An ``Encoder``, or a ``PairScorer`` for models without vectors.

    Raises:
        UsageError: Nothing has this name, or an option is wrong.
        GisError: It exists but cannot be loaded.
    """
    module, _, factory = adapter_of(spec).factory.partition(":")
    if not spec.options.get(NAME_OPTION, spec.name).strip():
        raise UsageError(f"the name of {spec.name} for the leaderboard is empty; write {NAME_OPTION}=NAME")
    model: Model = getattr(import_module(module), factory)(without_name(spec), settings)
    if NAME_OPTION in spec.options:
        model.card = model.card.renamed(spec.options[NAME_OPTION])
    return model
