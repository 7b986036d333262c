"""Our output beside that of published rule sets, on the same documents and without an LLM."""
