"""Who made a machine annotation."""

from django.db import models


class Producer(models.Model):
    """Backend + model + version + digest of its configuration, e.g. `builtin`, `felzenszwalb`, `1`, `9f3c…`."""

    backend = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    version = models.CharField(max_length=100, blank=True)
    config_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backend", "model", "version", "config_digest"], name="producer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.backend}:{self.model}" + (f"@{self.version}" if self.version else "")
