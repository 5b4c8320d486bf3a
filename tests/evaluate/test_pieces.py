"""What links reach, against networkx."""

import networkx as nx
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from graphattr.evaluate.pieces import inside

SIZE = 9
pairs = st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda p: p[0] < p[1]))


@given(st.lists(st.integers(1, 3), min_size=SIZE, max_size=SIZE), pairs)
def test_linked_and_largest_piece(owner: list[int], linked: set[tuple[int, int]]) -> None:
    names = [f"a{n}" for n in range(SIZE)]
    rows = [(names[a], names[b], owner[a] == owner[b]) for a, b in sorted(linked)]
    links = pl.DataFrame(
        rows, schema={"account_a": pl.String, "account_b": pl.String, "same": pl.Boolean}, orient="row"
    )
    got = inside(pl.DataFrame({"account_id": names, "owner": owner}), links)
    graph = nx.Graph((a, b) for a, b in linked if owner[a] == owner[b])
    graph.add_nodes_from(range(SIZE))
    assert got["linked"].to_list() == [graph.degree(n) > 0 for n in range(SIZE)]
    for each in set(owner):
        held = [n for n in range(SIZE) if owner[n] == each]
        largest = {n for n in held if got["largest"][n]}
        sizes = [len(piece) for piece in nx.connected_components(graph.subgraph(held))]
        assert len(largest) == max(sizes)
        assert nx.is_connected(graph.subgraph(largest))
        first = [min(p) for p in nx.connected_components(graph.subgraph(held)) if len(p) == max(sizes)]
        assert min(largest) == min(first)
