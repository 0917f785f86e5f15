"""Transformer encoders: reading a model folder, tokenising, batching, pooling."""
