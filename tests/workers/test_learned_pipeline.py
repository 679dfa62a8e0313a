"""The pipeline's stages on PostgreSQL with learned models: an R-CLIP ranks, an ASM answers and writes."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from annotation.models import LoopState, Producer, QuestionAnswer, RegionAnnotation, StageFailure
from annotation.pipeline.rosters import DEFAULT_ROSTER
from tests.ml.backends.learned import save_asm, save_rclip
from tests.workers.pipelines import add_photos, written_by
from verification.services.loops import start_loop
from webapp.projects.models import Project
from workers.foreground import run_loop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_rclip(folder / "street-rclip")
    save_asm(folder / "street-asm")
    return folder


@pytest.fixture
def roster(models: Path, settings: Any) -> dict[str, Any]:
    settings.ARGUS_MODELS_DIR = models
    values = DEFAULT_ROSTER.model_dump(mode="json")
    asm = {"backend": "asm:street-asm", "options": {"max_tokens": 8}}
    values.update(name="learned", matcher={"backend": "rclip:street-rclip"}, responder=asm, writer=asm, max_described=3)
    values["sources"][1]["options"] = {"max_boxes": 5}
    return values


def test_rows_are_written_in_the_models_names_and_a_broken_photo_fails_alone(
    project: Any, roster: dict[str, Any]
) -> None:
    project.roster = roster
    project.save()
    images = add_photos(project, 3)
    with default_storage.open(images[1].display, "wb") as file:
        file.write(b"no picture")
    loop = run_loop(start_loop(project=project, user=None).pk)
    assert loop.state == LoopState.FINISHED, loop.error
    assert {failure.image_id for failure in StageFailure.objects.all()} == {images[1].pk}

    regions = list(RegionAnnotation.objects.filter(loop_id=loop.pk))
    assert {region.image_id for region in regions} == {images[0].pk, images[2].pk}
    assert all(1 >= region.scores[0] >= region.scores[-1] >= 0 for region in regions)
    answers = list(QuestionAnswer.objects.filter(loop_id=loop.pk))
    assert len(answers) == 3 * 3 * 2
    assert all(answer.answer for answer in answers)

    made = {producer.pk: producer for producer in Producer.objects.all()}
    [matcher] = {made[region.producer_id] for region in regions}
    [responder] = {made[answer.producer_id] for answer in answers}
    [writer] = {made[number] for region in regions if (number := region.caption_producer_id)}
    assert (matcher.backend, matcher.model) == ("rclip", "street-rclip")
    assert (responder.backend, responder.model) == (writer.backend, writer.model) == ("asm", "street-asm")
    assert matcher.version.startswith("1-")
    assert responder.version == writer.version != matcher.version


def test_the_same_photos_get_the_same_rows_again(project: Any, roster: dict[str, Any]) -> None:
    written = []
    for other in (project, Project.objects.create(name="Again", slug="again")):
        other.roster = roster
        other.save()
        add_photos(other, 2)
        written.append(written_by(run_loop(start_loop(project=other, user=None).pk)))
    first, second = written
    assert first["regions"]
    assert first == second
