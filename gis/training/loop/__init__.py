"""Stage 3: the training loop: batches, loss, trainer, validation, checkpoints."""
