"""What goes to the Hub: datasets, models and results, checked and sent in one commit."""
