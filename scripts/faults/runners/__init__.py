"""One module an entrant: `read(folder, case)` gives what came out of the folder's files."""
