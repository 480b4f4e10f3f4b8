"""Ordered answers: tables of pairs, polychoric and polyserial correlations."""
