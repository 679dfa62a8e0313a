"""Benchmarks: `python -m bench.NAME --json` prints figures beside the goals they are held to."""
