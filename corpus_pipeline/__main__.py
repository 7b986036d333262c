"""`python -m corpus_pipeline` is `corpus-pipeline`."""

from corpus_pipeline.cli import main

main()
