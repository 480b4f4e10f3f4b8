"""Answers written as survey platforms export them: for round trips, training and trying out a study."""
