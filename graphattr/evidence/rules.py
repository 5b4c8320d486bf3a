"""All rules that figures are computed by. Each takes a case and text arguments; none looks anywhere else."""

from __future__ import annotations

from graphattr.evidence import conditions, link_rules, pair_rules, ring_rules
from graphattr.evidence.rulebook import RULES

__all__ = ["RULES", "conditions", "link_rules", "pair_rules", "ring_rules"]
