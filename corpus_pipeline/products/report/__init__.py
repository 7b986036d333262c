"""What a run did, to be looked at."""
