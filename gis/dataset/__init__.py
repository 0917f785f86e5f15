"""From a store to a dataset folder, in stages: issues, labels, texts, pairs, output."""
