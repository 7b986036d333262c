"""Tasks and what performs them: in this process, or on Ray."""
