from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Registered for its commands, which run models; no other part imports this package."""

    name = "workers"
    verbose_name = "Workers"
