from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """Holds the commands `up` and `servers`; no models."""

    name = "webapp.embedded"
    label = "embedded"
