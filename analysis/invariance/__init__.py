"""Whether groups read a questionnaire alike: the ladder, comparability, alignment."""
