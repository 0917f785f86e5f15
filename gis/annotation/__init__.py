"""Similarity labels from models, where a domain has none: graded by annotators, measured, and reviewed by people."""
