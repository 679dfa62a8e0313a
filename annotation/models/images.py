"""Pictures of a project, by URL or stored file."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.core.fields import RealField


class Image(models.Model):
    """One picture. Its identity is (project, sha256 of the file's bytes); width and height are after EXIF rotation."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="images")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(_("file name"), max_length=255)
    url = models.TextField(_("address it came from"), blank=True)
    original = models.CharField(_("stored file"), max_length=200, blank=True, help_text=_("Key in the storage."))
    display = models.CharField(_("display copy"), max_length=200, blank=True)
    thumbnail = models.CharField(_("thumbnail"), max_length=200, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # 0 (black) to 1 (white): decides how strongly the surroundings of a region are dimmed.
    mean_luma = RealField(default=0.5)
    file_bytes = models.PositiveBigIntegerField(default=0)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Taken down: its files, name and address are erased.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "sha256"], name="image_once_per_project"),
            models.CheckConstraint(condition=models.Q(width__gt=0, height__gt=0), name="image_has_size"),
            models.CheckConstraint(condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="image_sha256_is_hex"),
        ]
        indexes = [models.Index(fields=["project", "id"]), models.Index(fields=["project", "name"])]

    def __str__(self) -> str:
        return self.name


class ImportedCaption(models.Model):
    """A caption that came with an image. What the `import:` spotter says."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="imported_captions")
    producer = models.ForeignKey("annotation.Producer", on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=100)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "producer", "external_id"], name="imported_caption_once"),
        ]

    def __str__(self) -> str:
        return self.text
