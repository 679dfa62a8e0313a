"""Keys that a person chose for the work screens."""

from django.conf import settings
from django.db import models


class Hotkeys(models.Model):
    """`keys`: the key that does something by default -> the person's own key for it. What is not named stays."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="hotkeys"
    )
    keys = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"keys of {self.user_id}"
