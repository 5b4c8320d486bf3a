"""A small training as a program of its own, to be killed: python training.py CHECKPOINT."""

import sys
from pathlib import Path

from model.gnn.toy import planted
from models.gnn.train import Epoch, Options, Trained, train

OPTIONS = Options(hidden=16, epochs=8, patience=8, steps=2, pairs=256, threads=1, seed=3, type_dropout=0.15)


def training(checkpoint: Path | None) -> Trained:
    def say(epoch: Epoch) -> None:
        print(f"epoch {epoch.epoch}", flush=True)

    worlds = [planted(1), planted(2)]
    return train(worlds, OPTIONS, device="cpu", resume=checkpoint, progress=say, note="toy")


if __name__ == "__main__":
    training(Path(sys.argv[1]))
