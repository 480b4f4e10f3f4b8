"""Linear mixed models of respondents in branches."""
