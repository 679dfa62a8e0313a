"""Boxes on images."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from webapp.core.fields import RealField


class RegionKind(models.TextChoices):
    """What kind of proposal source found the region (papers V1 §3.2)."""

    CLASS_AGNOSTIC = "class_agnostic", _("Class-agnostic")
    CLOSED_SET = "closed_set", _("Closed-set detector")
    GROUNDING = "grounding", _("Grounding")
    IMPORTED = "imported", _("Imported")


class Region(models.Model):
    """A box on an image, never changed: a changed box is a new region.

    Identity: (image, producer, `identity`), a 64-bit hash of the external id, or of the box to 0.01 px
    (annotation/services/regions.py). Ids come from `region_id_block` (webapp/core/ids.py).
    """

    id = models.BigIntegerField(primary_key=True)
    image = models.ForeignKey("annotation.Image", on_delete=models.CASCADE, related_name="regions", db_index=False)
    producer = models.ForeignKey(
        "annotation.Producer", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=14, choices=RegionKind)
    identity = models.BigIntegerField()
    external_id = models.CharField(max_length=100, blank=True)
    x1 = models.FloatField()
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()
    score = RealField(null=True, blank=True, help_text=_("The source's confidence, on its own scale."))
    tag_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    mask_rle = models.TextField(null=True, blank=True, help_text=_("COCO compressed RLE over the whole image."))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "producer", "identity"], name="region_once"),
            # NaN sorts above every number in PostgreSQL, so the upper bounds refuse NaN and infinity as well.
            models.CheckConstraint(
                condition=Q(x1__gte=0, y1__gte=0, x2__gt=F("x1"), y2__gt=F("y1"), x2__lte=1_000_000, y2__lte=1_000_000),
                name="region_box_is_a_box",
            ),
        ]

    def __str__(self) -> str:
        return f"region {self.pk} of image {self.image_id}"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(x1, y1, x2, y2), pixels of the EXIF-rotated original, x2/y2 exclusive."""
        return self.x1, self.y1, self.x2, self.y2
