"""Answers that are missing: patterns, Little's test, imputation, pooling."""
