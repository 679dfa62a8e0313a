"""The open vocabulary."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ConceptKind(models.TextChoices):
    TAG = "tag", _("Tag")
    PREDICATE = "predicate", _("Predicate")


class Concept(models.Model):
    """One entry of the open vocabulary, unique by (kind, normalised text).

    `text` is normalised (annotation/pipeline/concepts.py); `display` keeps how it was first written. Renaming or
    merging sets `alias_of`, which is resolved at read: arrays of concept ids are never rewritten.
    """

    kind = models.CharField(max_length=10, choices=ConceptKind, default=ConceptKind.TAG)
    text = models.CharField(max_length=100)
    display = models.CharField(max_length=100)
    alias_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="aliases")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "text"], name="concept_once"),
            models.CheckConstraint(condition=~models.Q(text=""), name="concept_not_empty"),
            models.CheckConstraint(condition=~models.Q(alias_of=models.F("id")), name="concept_not_its_own_alias"),
        ]
        indexes = [
            models.Index(fields=["kind", "text"], name="concept_prefix", opclasses=["text_ops", "varchar_pattern_ops"])
        ]

    def __str__(self) -> str:
        return self.display
