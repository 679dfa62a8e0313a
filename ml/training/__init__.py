"""The training loop that every model family shares. Started by `python -m ml.train`."""
