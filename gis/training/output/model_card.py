"""The card of a model folder, as the Hugging Face Hub shows it: what it is, how to use it, how it was trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis.citation import ANGLE_BIBTEX
from gis.errors import GisError
from gis.markdown import escape, table
from gis.models.base import LoadSettings
from gis.models.transformer.model_folder import ModelFolder, read_model_folder
from gis.models.transformer.pretrained import MINILM
from gis.spec import Spec, parse_spec
from gis.training.data.training_set import FORMAT_NAMES
from gis.training.output.manifest import MANIFEST, manifest_values, shown
from gis.training.output.report import RENAMED

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard

TEMPLATE = Path(__file__).with_name("model_card.md.jinja")
TAGS = ["sentence-transformers", "sentence-similarity", "feature-extraction", "duplicate-detection", "gis"]
MINILM_ON_THE_HUB = "sentence-transformers/all-MiniLM-L6-v2"
# Pooling of last_hidden_state (batch, tokens, dim) under the attention mask (batch, tokens), in the card's example.
POOLING_CODE = {
    "cls": "hidden[:, 0]",
    "mean": "(hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)",
    "max": "hidden.masked_fill(mask[..., None] == 0, -torch.inf).max(1).values",
    "last": "hidden[torch.arange(len(hidden)), mask.sum(1) - 1]",
    "cls_avg": "(hidden[:, 0] + (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)) / 2",
}


def model_card(folder: Path, manifest: Mapping[str, Any] | None = None) -> "ModelCard":
    """Return a card for a model folder of ``gis train``, of version 0.1 too.

    Args:
        folder: The model folder.
        manifest: What to say of the training, as ``gis_training.json`` has it; None reads that file.

    Raises:
        GisError: The folder has no manifest that can be read.
    """
    from huggingface_hub import ModelCard, ModelCardData

    values = manifest_values(folder) if manifest is None else manifest
    name = folder.resolve().name
    settings, train = _part(values, "settings"), _part(values, "train")
    base = parse_spec(str(settings.get("model") or "unknown"))
    base_on_hub = _on_hub(base)
    listed = {**settings, "model": Spec(base_on_hub or Path(base.name).name, base.options)}
    source = str(train.get("source", ""))
    opened = _model_folder(folder)
    data = ModelCardData(
        model_name=name,
        base_model=base_on_hub,
        datasets=[source.removeprefix("hub:")] if source.startswith("hub:") else None,
        language=train.get("languages") or None,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=[*TAGS, *(["lora"] if settings.get("lora") else [])],
        eval_results=_eval_results(values),
    )
    card: ModelCard = ModelCard.from_template(
        data,
        template_path=str(TEMPLATE),
        name=escape(name),
        base=escape(str(listed["model"].name)),
        objective=settings.get("objective", "not recorded"),
        example=f"./{name}",
        pooling_code=POOLING_CODE.get(opened.pooling or "") if opened else None,
        normalize=bool(opened and opened.normalize),
        limits=_limits(opened, base),
        validation=_validation(values),
        data=_data(train),
        settings=table(
            ["setting", "value"],
            [[escape(key), escape(shown(value))] for key, value in listed.items()],
            align=("left", "left"),
        ),
        report=_report(values),
        licence=_licence(base_on_hub, train),
        citation=ANGLE_BIBTEX,
    )
    return card


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    return part if isinstance(part, Mapping) else {}


def _model_folder(folder: Path) -> ModelFolder | None:
    """Return how the folder's vectors are made, or None where it cannot be opened, as an adapter without its base."""
    try:
        return read_model_folder(Spec(str(folder)), LoadSettings(offline=True))
    except GisError:
        return None


def _on_hub(base: Spec) -> str | None:
    """Return the base model's id on the Hub, or None where it is not known to be there."""
    if base.name == MINILM:
        return MINILM_ON_THE_HUB
    hub_id = base.name.count("/") == 1 and not base.name.startswith((".", "/", "~")) and not Path(base.name).exists()
    return base.name if hub_id else None


def _eval_results(values: Mapping[str, Any]) -> "list[EvalResult] | None":
    from huggingface_hub import EvalResult

    validation, best = _part(values, "validation"), _report_values(values).get("best")
    if best is None:
        return None
    source = str(validation.get("source", "")).removeprefix("hub:")
    result = EvalResult(
        task_type="semantic-similarity",
        task_name="Semantic Similarity",
        dataset_type=source if _is_hub(validation) else Path(source).name,
        dataset_name=f"{Path(source).name} {'+'.join(validation.get('splits') or [])}".strip(),
        dataset_split="+".join(validation.get("splits") or []) or None,
        dataset_revision=validation.get("revision"),
        metric_type="spearman_cosine",
        metric_name="Spearman correlation of cosine and label",
        metric_value=round(best, 6),
    )
    return [result]


def _is_hub(part: Mapping[str, Any]) -> bool:
    return str(part.get("source", "")).startswith("hub:")


def _report_values(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the report under today's names, whatever the schema."""
    report = _part(values, "report") or _part(values, "outcome")
    return {RENAMED.get(name, name): value for name, value in report.items()}


def _limits(opened: ModelFolder | None, base: Spec) -> str:
    sentences = []
    if opened is not None:
        cut = "not cut" if opened.max_tokens is None else f"cut at {opened.max_tokens} tokens"
        sentences.append(f"Texts are {cut}.")
    if "prompt" in base.options:
        sentences.append(f"The tokenizer adds the prompt `{base.options['prompt']}`: do not add it again.")
    return " ".join(sentences)


def _validation(values: Mapping[str, Any]) -> str:
    report, validation = _report_values(values), _part(values, "validation")
    if report.get("best") is None:
        return "There was no validation split: these are the weights of the last step."
    before = f"{100 * report['before']:.2f} before training, " if report.get("before") is not None else ""
    source = escape(Path(str(validation.get("source", "")).removeprefix("hub:")).name)
    return (
        f"Spearman × 100 on the {validation.get('rows', 0):,} validation pairs of {source}, as `gis bench` defines it: "
        f"{before}**{100 * report['best']:.2f}** at step {report.get('best_step')}, whose weights these are. The "
        "checkpoint was chosen by this score, so expect a lower one on unseen pairs."
    )


def _data(train: Mapping[str, Any]) -> str:
    source = str(train.get("source", "data that was not recorded"))
    source = source.removeprefix("hub:") if source.startswith("hub:") else Path(source).name
    rows = FORMAT_NAMES.get(str(train.get("format")), "rows")
    parts = [f"{train.get('rows', 0):,} {rows} of {escape(source)}"]
    weights = train.get("weights")
    if isinstance(weights, Mapping):
        parts.append(
            f"weighted from {weights['least']:.2f} to {weights['most']:.2f} (as much as "
            f"{weights['equal_rows']:,.0f} rows of equal weight)"
        )
    parts += [f"split {escape('+'.join(train['splits']))}"] if train.get("splits") else []
    parts += [f"revision `{train['revision']}`"] if train.get("revision") else []
    parts += [f"SHA-256 of the rows `{train['sha256']}`"] if train.get("sha256") else []
    return f"Trained on {', '.join(parts)}."


def _report(values: Mapping[str, Any]) -> str:
    report = _report_values(values)
    sentences = []
    if report.get("steps") is not None:
        hardware = escape(str(values.get("hardware", "unknown hardware")))
        sentences.append(f"{report['steps']:,} steps over {report.get('pairs', 0):,} rows on {hardware}.")
    if report.get("share_texts_cut"):
        sentences.append(f"{report['share_texts_cut']:.1%} of the texts were cut.")
    versions = _part(values, "versions")
    if versions:
        sentences.append(f"Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}.")
    sentences.append(f"`{MANIFEST}` has every setting, loss and validation.")
    return " ".join(sentences)


def _licence(base: str | None, train: Mapping[str, Any]) -> str:
    model = f"Base model: see [{base}](https://huggingface.co/{base})." if base else "Base model: see its own card."
    data = (
        f"Training data: {escape(str(train['licence']))}." if train.get("licence") else "Training data: see its card."
    )
    return (
        "No licence was chosen for these weights. The licence of the base model and the terms of the training data "
        f"decide how they may be used. {model} {data} When it is settled, add `license:` to the head of this card."
    )
