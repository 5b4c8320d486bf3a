"""The command line: `graphattr --help`."""

from graphattr.cli.main import main

__all__ = ["main"]
