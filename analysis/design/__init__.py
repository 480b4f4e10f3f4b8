"""Estimates under a sampling design: weights, strata, clusters drawn in stages, finite populations."""
