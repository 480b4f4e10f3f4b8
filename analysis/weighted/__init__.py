"""The study's tests and descriptives under a sampling design."""
