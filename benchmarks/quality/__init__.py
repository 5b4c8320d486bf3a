"""How right graphattr is, beside its rivals, on worlds with known truth: `python -m benchmarks.quality`.

One command makes the worlds (`worlds`), runs the product on each (`product`), runs the rivals on the same candidate
pairs and shared values (`graphs`, `linkage`, `boosting`), measures all alike (`measures`), and writes docs/results.md
(`results`). Everything that a method is tuned or trained on comes from worlds of family A that no figure is taken from
(`tuning`).
"""
