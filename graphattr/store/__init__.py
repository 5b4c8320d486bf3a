"""The graph database of a run: embedded, or a Neo4j server.

The run's Parquet tables stay the source of truth: a store is rebuilt from them at any time.
"""
