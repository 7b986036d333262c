"""Several sites, one corpus: their file, the plan of a job over them, and the steps at each."""
