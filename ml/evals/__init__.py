"""Evaluation: pure functions of files and plain values, each behind `python -m ml.evals.NAME --help`."""
