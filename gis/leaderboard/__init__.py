"""Result files turned into tables."""
