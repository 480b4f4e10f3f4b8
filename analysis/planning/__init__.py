"""Before anybody is asked: power, precision, quotas, invitations."""
