"""Evidence: pages that say what speaks for and against, and bundles that a stranger can check.

`build_bundle` and `verify_bundle` are the two ends. Every derived file of a bundle is a pure function of its
tables and facts (`payload.py`), so verification derives all of them again and compares bytes.
"""

from graphattr.evidence.bundle import BundleResult, build_bundle
from graphattr.evidence.document import as_json as page_json
from graphattr.evidence.explain import RingPage, ring_page
from graphattr.evidence.pair_text import pair_text
from graphattr.evidence.pairs import PairPage, pair_page
from graphattr.evidence.spoken import page_text
from graphattr.evidence.verify import Step, VerifyReport, verify_bundle

__all__ = [
    "BundleResult",
    "PairPage",
    "RingPage",
    "Step",
    "VerifyReport",
    "build_bundle",
    "page_json",
    "page_text",
    "pair_page",
    "pair_text",
    "ring_page",
    "verify_bundle",
]
