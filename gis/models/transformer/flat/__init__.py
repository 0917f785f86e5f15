"""Transformers without padding: the tokens of a batch form one row, and only attention sees where texts begin.

Padding to the longest text of a batch is work thrown away, and so is masking it out again. Here every linear layer
runs once over all real tokens of the batch. The vectors equal the padded ones to rounding error.

- ``texts``: a batch as one row of tokens, and its runs of texts of equal length.
- ``products``: linear layers, with weights in the order that the processor's library wants.
- ``attention``: attention inside each text, over the whole text or a window of it.
- ``post_norm`` (BERT and its kin) and ``modernbert``: the layers of a family over the weights of a transformers model.
- ``bert_weights``: the weights of a plain BERT, without transformers' code.
- ``families``: the names of the families.
- ``model``: which models have a family here, and the proof that a model's numbers stay the same.
"""
