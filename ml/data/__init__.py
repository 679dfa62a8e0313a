"""Training data: manifests, images, and the order in which they are used."""
