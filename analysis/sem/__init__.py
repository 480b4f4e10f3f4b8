"""Confirmatory factor analysis and structural equation models.

Reads as a textbook, a file a step: ``syntax`` -> ``model`` -> ``matrices`` -> ``moments`` ->
``discrepancy`` -> ``estimates`` -> ``test_statistics`` -> ``indices``; ``fit`` is the doorway, and what is
derived from a fitted model (``standardized``, ``defined``, ``modification``, ``residuals``, ``scores``,
``comparison``) stands above it.
"""
