"""`builtin:` backends: they run anywhere, on a CPU, without downloaded weights."""
