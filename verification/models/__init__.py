"""The human half's data: what people are asked, what they said, what leaves as verified."""

from verification.models.assignments import Assignment, AssignmentState, Skip, SkipReason
from verification.models.audits import Audit, AuditChoice, AuditItem, AuditKind, AuditPopulation, AuditSlot
from verification.models.comments import COMMENT_LENGTH, Comment, CommentRole, CommentSeen
from verification.models.concept_spreads import ConceptSpread
from verification.models.exports import (
    ClassNumber,
    Export,
    ExportedPhotos,
    ExportFormat,
    ExportKind,
    ExportState,
    TrainingManifest,
)
from verification.models.gold import GoldItem, GoldSlot
from verification.models.hotkeys import Hotkeys
from verification.models.item_changes import ItemChange, ItemChangeKind
from verification.models.ledger import LedgerEntry
from verification.models.packages import DisagreeReason, Escalation, PackageItem, PackageState, ReviewPackage, Ruling
from verification.models.pay_days import PayDay, PayDaysClosed
from verification.models.qualifying import Qualification, QualifyingAnswer, QualifyingItem, QualifyingRound
from verification.models.reopenings import Reopening
from verification.models.samples import ItemState, Priority, QAChoice, Sample, SampleItem, TaskKind
from verification.models.standing import SentBackVerdict, Standing, StandingChange, StandingChangeKind
from verification.models.takedowns import Takedown, TakedownKind
from verification.models.verdicts import LateVerdict, Verdict
from verification.models.webhooks import DeliveryState, Webhook, WebhookDelivery, WebhookEvent
from verification.models.wordings import Wording, WordingKind

__all__ = [
    "COMMENT_LENGTH",
    "Assignment",
    "AssignmentState",
    "Audit",
    "AuditChoice",
    "AuditItem",
    "AuditKind",
    "AuditPopulation",
    "AuditSlot",
    "ClassNumber",
    "Comment",
    "CommentRole",
    "CommentSeen",
    "ConceptSpread",
    "DeliveryState",
    "DisagreeReason",
    "Escalation",
    "Export",
    "ExportFormat",
    "ExportKind",
    "ExportState",
    "ExportedPhotos",
    "GoldItem",
    "GoldSlot",
    "Hotkeys",
    "ItemChange",
    "ItemChangeKind",
    "ItemState",
    "LateVerdict",
    "LedgerEntry",
    "PackageItem",
    "PackageState",
    "PayDay",
    "PayDaysClosed",
    "Priority",
    "QAChoice",
    "Qualification",
    "QualifyingAnswer",
    "QualifyingItem",
    "QualifyingRound",
    "Reopening",
    "ReviewPackage",
    "Ruling",
    "Sample",
    "SampleItem",
    "SentBackVerdict",
    "Skip",
    "SkipReason",
    "Standing",
    "StandingChange",
    "StandingChangeKind",
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
