"""Several factors at once: analysis of variance and covariance, marginal means and their contrasts."""
