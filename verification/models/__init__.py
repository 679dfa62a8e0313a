"""The human half's data: what people are asked, what they said, what leaves as verified."""

from verification.models.assignments import Assignment, AssignmentState, Skip, SkipReason
from verification.models.exports import Export, ExportKind, ExportState
from verification.models.ledger import LedgerEntry
from verification.models.samples import ItemState, Sample, SampleItem, TaskKind
from verification.models.verdicts import LateVerdict, Verdict

__all__ = [
    "Assignment",
    "AssignmentState",
    "Export",
    "ExportKind",
    "ExportState",
    "ItemState",
    "LateVerdict",
    "LedgerEntry",
    "Sample",
    "SampleItem",
    "Skip",
    "SkipReason",
    "TaskKind",
    "Verdict",
]
