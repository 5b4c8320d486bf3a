"""Text that tries to break out of a query, a file or a field is found by every question, and does nothing."""

from __future__ import annotations

from graphattr.store.base import Ref, Store, View
from graphattr.store.graph import GraphTables
from store.dump import said, stored
from store.worlds import HOSTILE


def test_hostile_ids_are_found_and_nothing_else(store: Store, hostile: GraphTables) -> None:
    store.writer().load(hostile)
    assert stored(store) == said(hostile)
    with store.view() as view:
        for text in HOSTILE:
            ask_everything_of(view, text)
    assert stored(store) == said(hostile)


def ask_everything_of(view: View, text: str) -> None:
    """Every question about the hostile account, device, ring and operator that are all called `text`."""
    for label in ("Account", "Device", "Ring", "Operator"):
        found = view.node(Ref(label, text))
        assert found is not None
        assert found.id == text
    assert (Ref("Account", text) in view.search(text)) == bool(text)
    assert len(view.neighbours(Ref("Device", text), "USED_DEVICE").edges) == 2
    assert len(view.shared_values(text)) == 8
    member = view.ring_of(text)
    assert member is not None
    assert member.target == Ref("Ring", text)
    assert view.ring_graph(text).nodes[0].properties["weakest_point"] == text
    other = HOSTILE[HOSTILE.index(text) - 1]
    path = view.shortest_path(text, other, ["USED_DEVICE"])
    assert path is not None
    assert [node.id for node in path.nodes[::2]] == [text, other]
    answer = view.query("MATCH (a:Account) WHERE a.country = $text RETURN a.id", {"text": text})
    assert answer.rows == ((text,),)
