"""Stage 1: the rows to train on, and the pairs to validate on."""
