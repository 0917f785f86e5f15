"""From a store to a dataset folder: evidence, clusters, pairs, negatives, splits, text, files."""
