"""What the addresses of the access matrix name, made once for a test: a fixture, imported by tests/conftest.py."""

from typing import Any

import pytest

from tests.webapp.access_rows import Things


@pytest.fixture
def things(project: Any, edo: Any) -> Things:
    from annotation.models import ImportRun
    from tests.factories import make_image, make_loops
    from verification.models import Export, Webhook
    from webapp.projects.models import Team

    export = Export.objects.create(project=project, kind="tags")
    run = ImportRun.objects.create(project=project, format="folder")
    _zero, one = make_loops(project)
    image = make_image(project)
    webhook = Webhook.objects.create(project=project, url="https://hooks.example.org/", events=["export.done"])
    team = Team.objects.create(project=project, name="Night shift")
    return Things(
        project,
        edo.pk,
        image_id=image.pk,
        export_id=export.pk,
        import_id=run.pk,
        loop_number=one.number,
        webhook_id=webhook.pk,
        team_id=team.pk,
    )
