"""The human half's data: what people are asked, what they said, what leaves as verified."""

from verification.models.assignments import Assignment, AssignmentState, Skip, SkipReason
from verification.models.audits import Audit, AuditChoice, AuditItem, AuditKind, AuditPopulation, AuditSlot
from verification.models.exports import (
    ClassNumber,
    Export,
    ExportedPhotos,
    ExportFormat,
    ExportKind,
    ExportState,
    TrainingManifest,
)
from verification.models.ledger import LedgerEntry
from verification.models.packages import DisagreeReason, Escalation, PackageItem, PackageState, ReviewPackage, Ruling
from verification.models.samples import ItemState, QAChoice, Sample, SampleItem, TaskKind
from verification.models.takedowns import Takedown, TakedownKind
from verification.models.verdicts import LateVerdict, Verdict
from verification.models.webhooks import DeliveryState, Webhook, WebhookDelivery, WebhookEvent
from verification.models.wordings import Wording, WordingKind

__all__ = [
    "Assignment",
    "AssignmentState",
    "Audit",
    "AuditChoice",
    "AuditItem",
    "AuditKind",
    "AuditPopulation",
    "AuditSlot",
    "ClassNumber",
    "DeliveryState",
    "DisagreeReason",
    "Escalation",
    "Export",
    "ExportFormat",
    "ExportKind",
    "ExportState",
    "ExportedPhotos",
    "ItemState",
    "LateVerdict",
    "LedgerEntry",
    "PackageItem",
    "PackageState",
    "QAChoice",
    "ReviewPackage",
    "Ruling",
    "Sample",
    "SampleItem",
    "Skip",
    "SkipReason",
    "Takedown",
    "TakedownKind",
    "TaskKind",
    "TrainingManifest",
    "Verdict",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "Wording",
    "WordingKind",
]
