"""Text that was decoded in the wrong charset, and lines that nothing can repair."""
