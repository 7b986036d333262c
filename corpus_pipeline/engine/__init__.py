"""Where stages meet data.  Takes stages as values; imports none."""
