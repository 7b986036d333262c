"""`python -m corpus_pipeline.cli` is `corpus-pipeline`."""

from corpus_pipeline.cli import main

main()
