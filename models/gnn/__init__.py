"""A relation-aware graph neural network over accounts and the values they hold, with a decoder for pairs.

Scoring needs numpy and scipy only; `models.gnn.train` needs PyTorch and PyTorch Geometric (the extra `train`).
"""

from models.gnn.graph import Graph, Pairs, Relation
from models.gnn.infer import embeddings, pair_logits
from models.gnn.weights import Weights, read_weights, write_weights

__all__ = [
    "Graph",
    "Pairs",
    "Relation",
    "Weights",
    "embeddings",
    "pair_logits",
    "read_weights",
    "write_weights",
]
