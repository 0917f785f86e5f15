"""Stage 2: the encoder that is trained, with the heads that only training needs."""
