"""A questionnaire written out for fielding; one file a format."""
