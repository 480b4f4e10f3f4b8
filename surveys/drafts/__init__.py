"""Questionnaire files drafted from what others wrote: structures, labels and exports."""
