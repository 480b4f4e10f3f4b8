"""Latent classes of respondents, and how they relate to the rest."""
