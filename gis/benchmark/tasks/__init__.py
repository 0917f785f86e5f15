"""What is scored: the catalogue, files and Hub datasets as tables, and the pairs read from them."""
