"""The command line: `graphattr --help`."""

import os

# Long work has threads of its own (models/threads.py); those of linear algebra would spin beside them and take their
# cores. Numpy reads this as it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from graphattr.cli.main import main

__all__ = ["main"]
