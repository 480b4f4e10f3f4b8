"""Partial least squares path models, in the order of the research process: specify, estimate, evaluate."""
