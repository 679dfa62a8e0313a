from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command


def test_the_modules_of_a_page_name_each_other_by_their_hashed_names(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "webapp.core.storages.HashedModulesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin", "rest_framework"])
    page = (tmp_path / staticfiles_storage.stored_name("js/work/screen.js")).read_text()
    outbox = Path(staticfiles_storage.stored_name("js/work/outbox.js")).name
    assert outbox != "outbox.js"
    assert f'from "./{outbox}"' in page
    assert 'from "./outbox.js"' not in page
