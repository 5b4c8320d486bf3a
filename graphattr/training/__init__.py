"""Fitting the evidence model on worlds with a known truth, and measuring it on others."""

from graphattr.training.train import Training, train

__all__ = ["Training", "train"]
