"""The families of encoders that gis runs itself, by transformers' names, as data that loads no torch."""

POST_NORM = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "mpnet")
MODERNBERT = "modernbert"
FAMILIES = (*POST_NORM, MODERNBERT)
