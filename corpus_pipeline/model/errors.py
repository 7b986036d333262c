"""The error that a user can mend."""


class PipelineError(Exception):
    """A fault of input, config or machine; the command line prints one line and exits with 2."""
