"""One module per chain, run in that chain's own environment.

A runner has `clean(source, work)`, which runs the chain on a JSON lines file and leaves what it
writes in a folder; `outcome(work)`: how many documents and MB of text are left, what each step
dropped and how many seconds it took; and, where a model must be made first, `prepare(home, texts)`.
`KINDS` says what kind of work each step is, by the beginning of its name, and `CLOCK` whether its
seconds are of the wall or of the processor.
"""
