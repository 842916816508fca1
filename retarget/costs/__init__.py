"""Costs: each adds its Gauss–Newton terms for all frames to one `Quadratic`."""
