"""What counts as a rounding error."""

ROUNDING = 1e-9  # of a standard error, or of a difference in standard errors
RELATIVE_ROUNDING = 1e-12  # of a variance, to those that it is computed from
