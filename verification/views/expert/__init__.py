"""Experts' pages: the desk, and a package under review."""
