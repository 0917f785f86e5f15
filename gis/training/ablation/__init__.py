"""Stage 5: grids of trainings, compared over several seeds."""
