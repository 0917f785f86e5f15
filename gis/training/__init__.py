"""Fine-tune an encoder on pairs: data, loss, batches, the trainer, the model folder, ablations."""
