"""`sources check`: a registry of sources held against itself, its files, inputs and clauses.

Enters: sources, the folder of their files, inputs, a day.  Leaves: problems, and what each source
lacks.  No run is needed.
"""
