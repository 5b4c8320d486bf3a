from graphattr.store.schema import EDGE, EDGES, NODES


def test_the_small_world_fills_what_it_should() -> None:
    """Guards the suite: each relationship type has a label of its own, and ends where the schema says."""
    assert {edge.type for edge in EDGES} == set(EDGE)
    assert {edge.source for edge in EDGES} | {edge.target for edge in EDGES} == {node.label for node in NODES}
