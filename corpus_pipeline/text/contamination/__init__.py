"""Recognition of benchmark items in documents."""
