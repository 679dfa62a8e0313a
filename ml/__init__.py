"""Models and backends. Nothing here imports Django or any other part of Argus."""
