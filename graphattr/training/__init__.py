"""Fitting the evidence model on worlds with a known truth, and measuring it on others."""

from graphattr.training.network import NetworkOptions
from graphattr.training.plan import Training
from graphattr.training.train import train

__all__ = ["NetworkOptions", "Training", "train"]
