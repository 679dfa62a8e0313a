"""Algorithm 2 of the papers (V1) on the synthetic world, without the web: `python -m bench.world_learning`."""
