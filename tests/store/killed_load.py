"""Run by test_embedded: loads a run and stops at a moment, to be killed there.

Arguments: run folder, graph folder, moment: a label or type after whose rows to stop, or "pointer".
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from graphattr.store import embedded
from graphattr.store.graph import GraphTables


def stop(*_: Any) -> None:
    print("here", flush=True)
    time.sleep(600)


run, folder, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if moment == "pointer":
    embedded.write_pointer = stop
store = embedded.EmbeddedStore(folder)
store.writer().load(GraphTables.of_run(run), lambda what, _: stop() if what == moment else None)
