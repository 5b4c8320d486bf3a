"""The run: names all stages and hands their tables from one to the next."""

from graphattr.pipeline.run import Plan, run

__all__ = ["Plan", "run"]
