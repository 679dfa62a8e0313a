"""What models say about images and regions, per loop.

RegionMatch, RegionAnnotation, ImageAnnotation and QuestionAnswer are partitioned by loop
(annotation/services/partitions.py), so an old loop is detached, not deleted row by row. Nothing has a foreign key
to them or from them: they refer by value. Rows are written with COPY (annotation/services/bulk.py).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from webapp.core.fields import RealField


class ImageAnnotation(models.Model):
    """Per (loop, image): the overall caption and the image-level tag candidates.

    `concept_ids`, `role_masks`, `ranks` and `parent_ids` are parallel. A mask tells which roles proposed the tag
    (annotation/pipeline/roles.py); a rank is its place in its proposer's list; a parent is the concept that a part was
    derived from, 0 for none.
    """

    pk = models.CompositePrimaryKey("loop_id", "image_id")
    loop_id = models.BigIntegerField()
    image_id = models.BigIntegerField()
    caption = models.TextField(blank=True)
    concept_ids = ArrayField(models.BigIntegerField())
    role_masks = ArrayField(models.IntegerField())
    ranks = ArrayField(models.SmallIntegerField(), default=list)
    parent_ids = ArrayField(models.BigIntegerField(), default=list)
    producer_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "annotation_imageannotation"

    def __str__(self) -> str:
        return f"image {self.image_id} in loop {self.loop_id}"


class RegionCandidates(models.Model):
    """Per region that takes part in loops: candidates of the magnifier and of the merged sources, for re-ranking.

    Written by the localize stage of `loop_id`; a region without a row here was merged into another one
    (Algorithm 1) and takes no part. A rank is the candidate's place in its proposer's list.
    """

    region_id = models.BigIntegerField(primary_key=True)
    image_id = models.BigIntegerField(db_index=True)
    loop_id = models.BigIntegerField()
    concept_ids = ArrayField(models.BigIntegerField())
    role_masks = ArrayField(models.IntegerField())
    ranks = ArrayField(models.SmallIntegerField())

    class Meta:
        db_table = "annotation_regioncandidates"

    def __str__(self) -> str:
        return f"candidates of region {self.region_id}"


class RegionMatch(models.Model):
    """Per (loop, region): the matcher's ranked candidates before cleaning. Dropped when the loop is finished."""

    pk = models.CompositePrimaryKey("loop_id", "region_id")
    loop_id = models.BigIntegerField()
    region_id = models.BigIntegerField()
    image_id = models.BigIntegerField()
    concept_ids = ArrayField(models.BigIntegerField())
    scores = ArrayField(RealField())
    role_masks = ArrayField(models.IntegerField())
    raw_score = RealField()
    producer_id = models.BigIntegerField()

    class Meta:
        db_table = "annotation_regionmatch"

    def __str__(self) -> str:
        return f"match of region {self.region_id} in loop {self.loop_id}"


class RegionAnnotation(models.Model):
    """Per (loop, region): the ranked top 5 as parallel arrays, best first, and the caption."""

    pk = models.CompositePrimaryKey("loop_id", "region_id")
    loop_id = models.BigIntegerField()
    region_id = models.BigIntegerField()
    image_id = models.BigIntegerField()
    concept_ids = ArrayField(models.BigIntegerField())
    scores = ArrayField(RealField())
    role_masks = ArrayField(models.IntegerField())
    raw_score = RealField()
    size_class = models.SmallIntegerField()
    producer_id = models.BigIntegerField()
    caption = models.TextField(blank=True, default="")
    caption_producer_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "annotation_regionannotation"

    def __str__(self) -> str:
        return f"region {self.region_id} in loop {self.loop_id}"
