"""Sampling: random numbers by name, distributions and their dependence, block by block."""
