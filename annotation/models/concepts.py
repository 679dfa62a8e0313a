"""The open vocabulary."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

MEANING_LENGTH = 500


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


class MeaningSource(models.TextChoices):
    """Where a meaning comes from."""

    PERSON = "person", _("Written by a lead")
    FILE = "file", _("From a list")
    WORDNET = "wordnet", _("From WordNet 3.0")


class ConceptMeaning(models.Model):
    """What a concept means, in a line or two of plain text; all projects share it, as they share the concept.

    Rows are only added: the latest that is not erased is the meaning, the others are its history. An empty text takes
    the meaning away. `project`: where it was written.
    """

    concept = models.ForeignKey(Concept, on_delete=models.CASCADE, related_name="meanings", db_index=False)
    text = models.CharField(max_length=MEANING_LENGTH, blank=True)
    source = models.CharField(max_length=10, choices=MeaningSource)
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    project = models.ForeignKey("projects.Project", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    written_at = models.DateTimeField(db_default=models.functions.Now())
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["concept", "-id"], name="meanings_of_a_concept")]
        constraints = [models.CheckConstraint(condition=Q(erased_at=None) | Q(text=""), name="erased_meaning_is_empty")]

    def __str__(self) -> str:
        return f"meaning {self.pk} of {self.concept_id}"
