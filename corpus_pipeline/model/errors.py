"""The error that a user can mend."""


class PipelineError(Exception):
    """A fault of input, config or machine; the command line prints one line and exits with 2."""


class ClusterLost(PipelineError):  # noqa: N818 – it says what happened
    """The cluster is gone: what is left of it in this process can only be ended with the process.

    Ray's threads wait for the head for a minute, and crash where the interpreter ends before.
    """
