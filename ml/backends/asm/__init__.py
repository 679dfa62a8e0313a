"""`asm:` backends: one All-Seeing Model ranks tags, answers, describes and magnifies."""
