"""The command line; each verb is imported when it is called."""

from mockglm.cli.verbs import main

__all__ = ["main"]
