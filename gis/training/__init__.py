"""Fit an encoder to pairs: data, batches, the trainer, and the folder it leaves."""
