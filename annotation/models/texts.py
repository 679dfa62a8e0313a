"""Questions about regions and their answers."""

from django.db import models


class QuestionAnswer(models.Model):
    """A question about one tag of a region, and the answer. Partitioned by loop.

    `conversation` and `turn` exist for later image-level use.
    """

    pk = models.CompositePrimaryKey("loop_id", "id")
    loop_id = models.BigIntegerField()
    id = models.BigIntegerField()
    image_id = models.BigIntegerField()
    region_id = models.BigIntegerField(null=True)
    concept_id = models.BigIntegerField()
    ordinal = models.SmallIntegerField()
    question = models.TextField()
    answer = models.TextField()
    producer_id = models.BigIntegerField()
    conversation = models.IntegerField(null=True)
    turn = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "annotation_questionanswer"

    def __str__(self) -> str:
        return self.question
