"""The world and the run of the pipeline's tests."""

from pipeline.conftest import finished, world

__all__ = ["finished", "world"]
