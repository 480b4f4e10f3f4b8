"""Do a file's answers look made up? Indicators, and evidence calibrated on honest populations."""

from surveys.forensics.evidence import Forensics, examine
from surveys.forensics.honest import HONEST, HonestPopulation

__all__ = ["HONEST", "Forensics", "HonestPopulation", "examine"]
