"""Where static files live."""

import re
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Hashes the names in `import` lines of our scripts too, so that a page never mixes the modules of two versions."""

    support_js_module_import_aggregation = True

    def url_converter(self, name: str, *args: Any, **options: Any) -> Any:
        """Scripts of packages are left as they are: they name modules of bundlers, which are no files."""
        if name.endswith(".js") and not name.startswith("js/"):
            return _unchanged
        return super().url_converter(name, *args, **options)


def _unchanged(match: re.Match[str]) -> str:
    return match[0]
