"""Python client of Argus's API. Start with `Client`."""

from argus_client.audits import Audit, AuditItem
from argus_client.client import Client, Project
from argus_client.errors import ApiError, ArgusClientError, ConnectionFailed, DigestMismatch, NotDrawn, WaitedTooLong
from argus_client.exports import Export
from argus_client.leads import Lead
from argus_client.loops import Loop, Stage
from argus_client.packages import Package, PackedItem
from argus_client.webhooks import is_signed
from argus_client.work import Item, Tag

__all__ = [
    "ApiError",
    "ArgusClientError",
    "Audit",
    "AuditItem",
    "Client",
    "ConnectionFailed",
    "DigestMismatch",
    "Export",
    "Item",
    "Lead",
    "Loop",
    "NotDrawn",
    "Package",
    "PackedItem",
    "Project",
    "Stage",
    "Tag",
    "WaitedTooLong",
    "is_signed",
]
