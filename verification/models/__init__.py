"""The human half's data: what people are asked, what they said, what leaves as verified."""

from verification.models.assignments import Assignment, AssignmentState, Skip, SkipReason
from verification.models.audits import Audit, AuditChoice, AuditItem, AuditKind, AuditPopulation, AuditSlot
from verification.models.exports import Export, ExportKind, ExportState
from verification.models.ledger import LedgerEntry
from verification.models.packages import DisagreeReason, PackageItem, PackageState, ReviewPackage, Ruling
from verification.models.samples import ItemState, QAChoice, Sample, SampleItem, TaskKind
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
    "DeliveryState",
    "DisagreeReason",
    "Export",
    "ExportKind",
    "ExportState",
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
    "TaskKind",
    "Verdict",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "Wording",
    "WordingKind",
]
