"""Training: data, losses, the loop, evaluation. Imports `handx_gen` only."""
