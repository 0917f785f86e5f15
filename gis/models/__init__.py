"""Models: what turns texts into vectors or pairs into similarities, and the losses that train them.

From the outside in:

- ``Model`` (base): an ``Encoder``, which embeds texts, or a ``PairScorer``, which only compares. Each has a
  ``ModelCard`` with its identity. ``registry.load_model`` finds one by name; ``in_memory.wrap_model`` makes one of an
  object. A ``Composite`` is a pair scorer made of other models, such as ``Whitening`` and ``Fusion``.
- ``PretrainedEncoder`` (transformer): the encoder of any model folder or Hub id. It knows its identity from the files
  alone and loads weights with the first text.
- ``ModelFolder`` (transformer): what such a folder says about pooling, prompt and length, read once.
- Engines (transformer): run a folder. ``TransformerEngine`` orders, batches and counts texts for a ``SentenceEncoder``;
  ``SentenceTransformerEngine`` leaves folders with modules of their own to sentence-transformers.
- ``SentenceEncoder`` (transformer): the torch module, transformer and pooling, that scoring and training share;
  ``FlatModel`` (transformer.flat) computes the hidden states of BERT's and ModernBERT's kin without padding.
- ``losses``: pure functions of tensors, and the presets of the papers.
"""
