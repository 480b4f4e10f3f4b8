"""The same questionnaire repeated: trends and changes."""
