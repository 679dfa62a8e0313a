"""`import:` backends: annotations that exist already, given on as they are."""
