"""Prompts of papers, by name, for decoders that were not trained to embed: ``ORG/NAME,prompt_name=prompteol``."""

from collections.abc import Mapping

NAMED_PROMPTS: Mapping[str, str] = {
    # PromptEOL: Jiang et al. 2023, "Scaling Sentence Embeddings with Large Language Models", arXiv 2307.16645
    "prompteol": 'This sentence : "{text}" means in one word:"',
    # angle_emb 0.6.1, class Prompts
    "angle-a": 'Summarize sentence "{text}" in one word:"',
    "angle-b": 'You can only output one word. Summarize "{text}":"',
    "angle-c": "Represent this sentence for searching relevant passages: {text}",
}
