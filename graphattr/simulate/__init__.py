"""Simulated worlds: signals with a known truth, to test in and to train on (method.md, 7).

A world is planned first (`plan`: who works on which accounts, and when), by populations (`people`, `sites`,
`companies`, `operators`, `resellers`, `contractors`, `intruders`), and then made into signals by mechanics
(`networks`, `devices`, `usage`, `payments`, `events`, `labels`). Every parameter is in `parameters`, every
size in `presets`.
"""

from graphattr.simulate.mechanisms import MECHANISMS, Mechanism
from graphattr.simulate.presets import PRESETS, Preset, off
from graphattr.simulate.simulation import Progress, simulate

__all__ = ["MECHANISMS", "PRESETS", "Mechanism", "Preset", "Progress", "off", "simulate"]
