"""What survey platforms export. Each platform has one file; ``surveys.platforms.reading`` is the doorway."""
