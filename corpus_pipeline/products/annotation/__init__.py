"""People's judgement: documents of a run as tasks with questions, and answers read back."""
