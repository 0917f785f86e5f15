"""Stage 2: who says what is a duplicate of what, and what of that counts."""
