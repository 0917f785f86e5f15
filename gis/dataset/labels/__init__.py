"""Stage 2: the evidence that issues are duplicates, what of it counts, and the clusters that it makes."""
