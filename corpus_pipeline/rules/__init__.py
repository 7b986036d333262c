"""Floor 1: rules as data.  A pack that contradicts its own examples refuses to load."""
