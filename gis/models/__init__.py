"""Encoders and baselines behind one interface."""
