"""What another bound would keep, from the columns of a finished run."""
