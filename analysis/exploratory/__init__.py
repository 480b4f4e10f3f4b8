"""Exploratory factor analysis: whether, how many, extraction, rotation, scores."""
