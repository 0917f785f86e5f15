"""Tasks, protocols, metrics and the runner that writes result files."""
