"""One module per entrant, run in that entrant's own environment.

A runner has `decide(path, work)`: the ids that the entrant would remove from a JSON lines file
(`id`, `text`), where `work` is a folder it may fill; and, where one can be called, `signatures`.
"""
