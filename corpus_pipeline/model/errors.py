"""Errors that a user can mend."""


class PipelineError(Exception):
    """What a user did or has; the command line prints it as one line and exits with 2."""
