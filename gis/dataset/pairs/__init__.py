"""Stage 4: positive pairs, splits, negatives and retrieval queries."""
