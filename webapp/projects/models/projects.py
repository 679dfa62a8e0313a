"""A corpus of images with its settings, people, pay rates and loops."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Project(models.Model):
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    roster = models.JSONField(
        _("roster"),
        default=dict,
        blank=True,
        help_text=_("Which backend does which role; empty means the offline roster."),
    )
    overlap = models.PositiveSmallIntegerField(
        _("people per item"), default=1, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    review_required = models.BooleanField(_("experts review before anything counts as verified"), default=False)
    package_size = models.PositiveSmallIntegerField(
        _("items per review package"), default=100, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    package_threshold = models.FloatField(
        _("share of right items that a package needs"),
        default=0.95,
        validators=[MinValueValidator(0.5), MaxValueValidator(1.0)],
    )
    expert_overlap = models.FloatField(
        _("share of packages that a second expert sees"),
        default=0.05,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
    )
    gold_share = models.FloatField(
        _("share of gold items"), default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(0.5)]
    )
    # Papers V1 appendix A, Q25.
    tag_rate = models.DecimalField(_("pay per tag item"), max_digits=8, decimal_places=4, default=Decimal("0.02"))
    qa_rate = models.DecimalField(_("pay per QA check"), max_digits=8, decimal_places=4, default=Decimal("0.02"))
    answer_rate = models.DecimalField(
        _("pay per written answer"), max_digits=8, decimal_places=4, default=Decimal("0.07")
    )
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    guide = models.TextField(_("guide for annotators"), blank=True, max_length=20_000)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(overlap__gte=1, overlap__lte=9), name="project_overlap_1_to_9"),
            models.CheckConstraint(
                condition=models.Q(tag_rate__gte=0, qa_rate__gte=0, answer_rate__gte=0),
                name="project_rates_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name
