"""Stage 4: the model folder, its card and manifest, and the report of a training."""
