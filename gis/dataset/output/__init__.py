"""Stage 5: the dataset folder, its card and manifest, and filling in texts."""
