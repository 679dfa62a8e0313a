"""Implementations of the pipeline's roles, one package per kind of backend."""
