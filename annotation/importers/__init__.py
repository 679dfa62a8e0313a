"""Read foreign formats: one file per format, one registry. Pure: no database, no settings."""
