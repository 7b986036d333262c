"""What differs between two releases, and why, as far as their manifests and rows prove it."""
