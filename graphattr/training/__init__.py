"""Fitting the evidence model on worlds with a known truth, and measuring it on others."""

from graphattr.training.network import NetworkOptions
from graphattr.training.train import Training, train

__all__ = ["NetworkOptions", "Training", "train"]
