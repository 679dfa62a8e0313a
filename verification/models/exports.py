"""Files of verified data."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ExportKind(models.TextChoices):
    TAGS = "tags", _("Tags: one line per verified region")
    REGIONS = "regions", _("Regions: tag, three question-answer pairs and caption")
    QA = "qa", _("Questions: one line per verified pair, with its right answer")
    CAPTIONS = "captions", _("Captions: one line per region whose answers are all verified")


class ExportFormat(models.TextChoices):
    """What the file looks like (verification/exports/formats/registry.py)."""

    JSONL = "jsonl", _("JSONL: one line per record")
    PARQUET = "parquet", _("Parquet: one row per record")
    COCO = "coco", _("COCO instances")
    YOLO = "yolo", _("YOLO folder (zip)")
    HUGGINGFACE = "huggingface", _("Hugging Face dataset folder (zip)")
    AS_CORE = "as_core", _("AS-Core lines, as the paper's authors publish them")


class ExportState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Export(models.Model):
    """One export: asked for, being written, or a finished file. A killed one is claimed again and starts over.

    A finished one is withdrawn when something in it is taken down: its file is erased, its address answers 410.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=10, choices=ExportKind)
    format = models.CharField(
        max_length=12, choices=ExportFormat, default=ExportFormat.JSONL, db_default=ExportFormat.JSONL
    )
    with_photos = models.BooleanField(
        default=False, db_default=False, help_text=_("Whether the file holds the photos too, not only their addresses.")
    )
    filters = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.PENDING)
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True, blank=True)
    path = models.CharField(max_length=200, blank=True, help_text=_("Relative to the data folder."))
    file_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    schema_version = models.CharField(max_length=10, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"export {self.pk} ({self.kind})"


class TrainingManifest(models.Model):
    """A manifest that was written (manage.py write_manifest). Checkpoints name the sha256 of theirs."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="manifests")
    sha256 = models.CharField(max_length=64, db_index=True)
    filters = models.JSONField(default=dict, blank=True)
    records = models.PositiveBigIntegerField()
    regions = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [models.Index(fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"manifest {self.pk} ({self.sha256[:12]})"


class ExportedPhotos(models.Model):
    """Some of the photos that an export or a manifest holds, in ascending order: a row per batch.

    It answers, when a photo is taken down, what holds it. The batches of one file do not overlap.
    """

    export = models.ForeignKey(Export, on_delete=models.CASCADE, null=True, related_name="photos", db_index=False)
    manifest = models.ForeignKey(
        TrainingManifest, on_delete=models.CASCADE, null=True, related_name="photos", db_index=False
    )
    last_image_id = models.BigIntegerField()
    image_ids = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(export__isnull=False, manifest=None) | Q(export=None, manifest__isnull=False),
                name="photos_of_one_file",
            )
        ]
        indexes = [
            models.Index(fields=["export", "last_image_id"], name="photos_of_export"),
            models.Index(fields=["manifest", "last_image_id"], name="photos_of_manifest"),
        ]

    def __str__(self) -> str:
        return f"{len(self.image_ids)} photos up to {self.last_image_id}"


class ClassNumber(models.Model):
    """The number of a concept in the class lists of a project (YOLO): given once, from 0 on, and never changed."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    concept = models.ForeignKey("annotation.Concept", on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="class_number_once"),
            models.UniqueConstraint(fields=["project", "concept"], name="class_of_concept_once"),
        ]

    def __str__(self) -> str:
        return f"class {self.number}"
