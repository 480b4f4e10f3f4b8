"""Data files to answers. Each file format has one reader; ``surveys.read`` is the doorway."""
