"""What the file looks like: one module per format, one registry. Pure; heavy libraries load when a file is opened."""
