"""Who made a machine annotation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from annotation.models import Producer


def get_producer(
    backend: str, model: str, version: str = "", config: Mapping[str, Any] | None = None, *, config_digest: str = ""
) -> Producer:
    """The producer with this identity, made if it is new. Give `config`, or its digest where that is known already."""
    if config is not None:
        text = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        config_digest = hashlib.sha256(text.encode()).hexdigest()
    producer, _ = Producer.objects.get_or_create(
        backend=backend, model=model, version=version, config_digest=config_digest
    )
    return producer
