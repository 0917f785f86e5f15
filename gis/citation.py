"""The paper to cite: the data format, the losses and the evaluation come from it."""

ANGLE_BIBTEX = """\
@inproceedings{li-li-2024-aoe,
  title     = {{AoE}: Angle-optimized Embeddings for Semantic Textual Similarity},
  author    = {Li, Xianming and Li, Jing},
  booktitle = {Proceedings of the 62nd Annual Meeting of the Association for Computational Linguistics
               (Volume 1: Long Papers)},
  year      = {2024},
  pages     = {1825--1839},
  url       = {https://aclanthology.org/2024.acl-long.101}
}"""
