"""Who delivered what, what survived of it and why not, and how a sum is divided by that."""
