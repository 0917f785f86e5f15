"""Which differences between scores are real: influence of pairs, their dependence, intervals, ranks."""
