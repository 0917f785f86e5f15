"""Retrieval: for each query, find its relevant documents among all documents of a collection."""
