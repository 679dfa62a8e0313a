"""How a loop's regions spread over concepts, counted once."""

from django.db import models


class ConceptSpread(models.Model):
    """The first tags of a loop's regions, counted when the loop was finished, so that no page has to.

    `spectrum` = [[frequency, how many concepts], …]; `examples` = [[concept id, frequency], …], the most frequent
    ones and some of each power of ten, most frequent first.
    """

    loop = models.OneToOneField("annotation.Loop", on_delete=models.CASCADE, related_name="concept_spread")
    spectrum = models.JSONField()
    examples = models.JSONField()
    counted_at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return f"concepts of {self.loop}"
