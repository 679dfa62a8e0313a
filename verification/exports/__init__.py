"""What leaves: one pure record builder and one JSON Schema per kind (docs/export-format.md)."""
