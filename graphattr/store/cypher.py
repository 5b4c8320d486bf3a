"""All query text. Every question of a View is one text for both backends; what cannot be is named for one.

Labels and types cannot be parameters, so texts are made from the closed lists of `schema`; ids and every
other value are parameters, always. Written for both dialects and their speed: start at one node by its id and
go on by further MATCH clauses (Ladybug reads whole tables for `COUNT { }` and for `WHERE x.id IN $ids`: a
second instead of milliseconds at a million accounts); no labels(), type() or list index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from graphattr.store.schema import EDGES, LINKED, MARKER, NODES, EdgeType, NodeType

MARKER_ROW: Final = (
    f"MATCH (m:{MARKER.label}) RETURN m.schema_version AS schema_version, m.fingerprint AS fingerprint, "
    "m.counts AS counts, m.complete AS complete"
)
RING_OF: Final = (
    "MATCH (a:Account {id: $id})-[r:MEMBER_OF]->(g:Ring) RETURN a.id AS source, g.id AS target, r AS edge"
)
RING_MEMBERS: Final = (
    "MATCH (a:Account)-[r:MEMBER_OF]->(g:Ring {id: $id}) "
    "RETURN a AS node, a.id AS source, g.id AS target, r AS edge ORDER BY source"
)
RING_LINKS: Final = (
    "MATCH (a:Account)-[:MEMBER_OF]->(g:Ring {id: $id}) MATCH (a)-[r:LINKED]->(b:Account) "
    "MATCH (b)-[:MEMBER_OF]->(g) RETURN a.id AS source, b.id AS target, r AS edge ORDER BY source, target"
)


def node(label: str) -> str:
    """The node with $id."""
    return f"MATCH (n:{label} {{id: $id}}) RETURN n AS node"


def search(label: str) -> str:
    """Ids that start with $prefix."""
    return f"MATCH (n:{label}) WHERE n.id STARTS WITH $prefix RETURN n.id AS id ORDER BY id LIMIT $limit"


def values_of(edge: EdgeType) -> str:
    """Values of account $id over one type, with the number of their holders."""
    return (
        f"MATCH (a:Account {{id: $id}})-[r:{edge.type}]->(v:{edge.target}) "
        f"MATCH (v)<-[o:{edge.type}]-(:Account) RETURN v AS node, r AS edge, count(o) AS holders"
    )


def common_values(edge: EdgeType) -> str:
    """Values that accounts $id and $other both hold over one type, and how $id used them."""
    return (
        f"MATCH (a:Account {{id: $id}})-[r:{edge.type}]->(v:{edge.target}) "
        f"MATCH (b:Account {{id: $other}})-[:{edge.type}]->(v) "
        f"MATCH (v)<-[o:{edge.type}]-(:Account) RETURN v AS node, r AS edge, count(o) AS holders"
    )


def ring_values(edge: EdgeType) -> str:
    """Every use of a value by the members of ring $id over one type."""
    return (
        "MATCH (a:Account)-[:MEMBER_OF]->(g:Ring {id: $id}) "
        f"MATCH (a)-[r:{edge.type}]->(v:{edge.target}) "
        "RETURN a.id AS source, v AS node, r AS edge ORDER BY v.id, source"
    )


def degrees(label: str) -> str:
    """Relationships of the node with $id, counted a type, both directions together."""
    parts = [
        f"MATCH (n:{label} {{id: $id}}){_pattern(label, edge)} RETURN '{edge.type}' AS type, count(r) AS n"
        for edge in edges_of(label)
    ]
    return " UNION ALL ".join(parts)


def neighbours(label: str, edge: EdgeType) -> str:
    """Neighbours of the node with $id over one type."""
    return (
        f"MATCH (n:{label} {{id: $id}}){_pattern(label, edge)} "
        "RETURN m AS node, r AS edge ORDER BY m.id LIMIT $limit"
    )


def edges_of(label: str) -> tuple[EdgeType, ...]:
    """Relationship types that a label can have."""
    return tuple(edge for edge in EDGES if label in (edge.source, edge.target))


def _pattern(label: str, edge: EdgeType) -> str:
    """`-[r:T]->(m:L)` as seen from one end; links have no direction that means anything."""
    if edge == LINKED:
        return f"-[r:{edge.type}]-(m:{edge.target})"
    if edge.source == label:
        return f"-[r:{edge.type}]->(m:{edge.target})"
    return f"<-[r:{edge.type}]-(m:{edge.source})"


def ladybug_shortest_path(types: Sequence[str], hops: int) -> str:
    """A shortest path from $a to $b, in Ladybug's dialect."""
    return (
        f"MATCH p = (a:Account {{id: $a}})-[:{'|'.join(types)}* SHORTEST 1..{hops}]-(b:Account {{id: $b}}) "
        "RETURN p AS path LIMIT 1"
    )


def neo4j_shortest_path(types: Sequence[str], hops: int) -> str:
    """A shortest path from $a to $b, in Neo4j's dialect."""
    return (
        "MATCH (a:Account {id: $a}) MATCH (b:Account {id: $b}) "
        f"MATCH p = shortestPath((a)-[:{'|'.join(types)}*1..{hops}]-(b)) RETURN p AS path LIMIT 1"
    )


def ladybug_schema(types: dict[object, str]) -> tuple[str, ...]:
    """CREATE TABLE statements. `types`: Ladybug's name for each property type."""

    def columns(properties: dict[str, object]) -> str:
        return "".join(f", `{name}` {types[kind]}" for name, kind in properties.items())

    nodes = [
        f"CREATE NODE TABLE {one.label}(id STRING PRIMARY KEY{columns(one.properties)})"
        for one in (*NODES, MARKER)
    ]
    edges = [
        f"CREATE REL TABLE {one.type}(FROM {one.source} TO {one.target}{columns(one.properties)})"
        for one in EDGES
    ]
    return (*nodes, *edges)


def ladybug_copy(table: str) -> str:
    """Bulk load of an Arrow table: `id` or `source`, `target`, then the properties in their order."""
    return f"COPY {table} FROM $rows"


# What writes to Neo4j. MERGE and `+=`: a batch sent twice, or over a graph that is there, does no harm, and a
# user's own properties stay.


def neo4j_constraint(label: str) -> str:
    """Makes ids unique, and found at once."""
    name = f"graphattr_{label.lower()}_id"
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"


def merge_nodes(label: str) -> str:
    """Writes $rows of {id, properties}."""
    return f"UNWIND $rows AS row MERGE (n:{label} {{id: row.id}}) SET n += row.properties"


def merge_edges(edge: EdgeType) -> str:
    """Writes $rows of {source, target, properties}."""
    return (
        f"UNWIND $rows AS row MATCH (a:{edge.source} {{id: row.source}}) "
        f"MATCH (b:{edge.target} {{id: row.target}}) MERGE (a)-[r:{edge.type}]->(b) SET r += row.properties"
    )


def all_nodes(node: NodeType) -> str:
    """Every node of a label with its id and properties, as columns."""
    columns = "".join(f", n.{name} AS {name}" for name in node.properties)
    return f"MATCH (n:{node.label}) RETURN n.id AS id{columns}"


def all_edges(edge: EdgeType) -> str:
    """Every relationship of a type with its ends and properties, as columns."""
    columns = "".join(f", r.{name} AS {name}" for name in edge.properties)
    pattern = f"(a:{edge.source})-[r:{edge.type}]->(b:{edge.target})"
    return f"MATCH {pattern} RETURN a.id AS source, b.id AS target{columns}"


def delete_nodes(label: str) -> str:
    """Deletes the nodes with $ids and what hangs on them."""
    return f"MATCH (n:{label}) WHERE n.id IN $ids DETACH DELETE n"


def delete_edges(edge: EdgeType) -> str:
    """Deletes the relationships in $rows of {source, target}."""
    return (
        f"UNWIND $rows AS row MATCH (:{edge.source} {{id: row.source}})"
        f"-[r:{edge.type}]->(:{edge.target} {{id: row.target}}) DELETE r"
    )


def clear_edges(edge: EdgeType) -> str:
    """Deletes up to $limit relationships of a type, and says how many."""
    return (
        f"MATCH (:{edge.source})-[r:{edge.type}]->(:{edge.target}) WITH r LIMIT $limit "
        "DELETE r RETURN count(*) AS n"
    )


def clear_nodes(label: str) -> str:
    """Deletes up to $limit nodes of a label, and says how many."""
    return f"MATCH (n:{label}) WITH n LIMIT $limit DETACH DELETE n RETURN count(*) AS n"


AWAIT_INDEXES: Final = "CALL db.awaitIndexes(300)"
SET_MARKER: Final = f"MERGE (m:{MARKER.label} {{id: $id}}) SET m += $properties"
COUNTS: Final = " UNION ALL ".join(
    f"MATCH (n:{node.label}) WITH count(n) AS n RETURN '{node.label}' AS label, n" for node in NODES
)
COUNT_OTHERS: Final = (
    f"MATCH (n) WHERE NOT n:{'|'.join(one.label for one in (*NODES, MARKER))} RETURN count(n) AS n"
)
