"""The page of takedowns: says first what it would touch, does it when confirmed, keeps the record."""

from typing import Any

import pytest
from django.test import Client

from annotation import dispatch
from annotation.models import Image
from tests.factories import make_image, make_sample
from tests.verification.judgements import judge_all
from verification.models import Takedown
from verification.services.takedowns import take_down_photo
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

LIST = "/p/street/takedowns/"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch.app, "send_task", lambda *_args, **_options: None)


@pytest.fixture
def client(lea: Any) -> Client:
    """Lea's browser."""
    client = Client()
    client.force_login(lea)
    return client


def test_it_says_what_it_would_touch_and_does_it_only_when_confirmed(
    client: Client, project: Any, ana: Any, lea: Any
) -> None:
    judge_all(make_sample(project, items=4), [ana])
    image = Image.objects.get()
    form = {"kind": "photo", "photo": str(image.pk), "reason": "Mail of 3 March <b>urgent</b>"}
    page = client.post(LIST, form).content.decode()
    assert "Remove it for good" in page
    assert f"“{image.name}”" in page
    assert not Takedown.objects.exists()
    response = client.post(LIST, {**form, "confirm": "yes"})
    takedown = Takedown.objects.get()
    assert response.headers["Location"] == f"{LIST}{takedown.pk}/"
    assert (takedown.created_by, takedown.sha256) == (lea, image.sha256)
    record = client.get(f"{LIST}{takedown.pk}/").content.decode()
    assert "Mail of 3 March &lt;b&gt;urgent&lt;/b&gt;" in record
    assert image.sha256 in record
    assert f"Takedown {takedown.pk}" in client.get(LIST).content.decode()


def test_a_photo_can_be_named_by_its_digest_also_before_it_comes(client: Client, project: Any) -> None:
    page = client.post(LIST, {"kind": "photo", "photo": "AB" * 32, "reason": "asked"}).content.decode()
    assert "does not have the photo" in page
    client.post(LIST, {"kind": "photo", "photo": "AB" * 32, "reason": "asked", "confirm": "yes"})
    assert Takedown.objects.get().sha256 == "ab" * 32


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "photo", "photo": "12345", "reason": "asked"}, "no photo 12345"),
        ({"kind": "photo", "photo": "", "reason": "asked"}, "Name the photo"),
        ({"kind": "photo", "photo": "xyz", "reason": "asked", "confirm": "yes"}, "64 digits"),
        ({"kind": "words", "person": "nobody", "reason": "asked"}, "nobody with this user name"),
        ({"kind": "photo", "photo": "12345", "reason": " "}, "required"),
    ],
)
def test_a_form_that_makes_no_sense_is_shown_again(
    client: Client, project: Any, form: dict[str, str], words: str
) -> None:
    response = client.post(LIST, form)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not Takedown.objects.exists()


def test_a_persons_words_are_removed_by_their_user_name(client: Client, project: Any, ana: Any) -> None:
    form = {"kind": "words", "person": "ana", "reason": "asked"}
    assert "What ana wrote" in client.post(LIST, form).content.decode()
    client.post(LIST, {**form, "confirm": "yes"})
    assert Takedown.objects.get().writer == ana


def test_another_projects_photos_and_records_are_out_of_reach(client: Client, project: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    image = make_image(other)
    form = {"kind": "photo", "photo": str(image.pk), "reason": "asked", "confirm": "yes"}
    assert client.post(LIST, form).status_code == 400
    theirs = take_down_photo(project=other, user=None, reason="secret", image_id=image.pk)
    assert client.get(f"{LIST}{theirs.pk}/").status_code == 404
    assert "secret" not in client.get(LIST).content.decode()


@pytest.mark.parametrize("person", ["ana", "edo", "cleo"])
def test_only_leads_see_and_do_it(project: Any, request: pytest.FixtureRequest, person: str) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(person))
    assert client.get(LIST).status_code == 403
    assert client.post(LIST, {"kind": "photo", "photo": "ab" * 32, "reason": "x", "confirm": "y"}).status_code == 403
    assert not Takedown.objects.exists()


def test_a_removed_photo_is_on_no_page(client: Client, project: Any) -> None:
    image = make_image(project)
    other = make_image(project, seed=2)
    address = f"/p/street/images/{image.pk}/display"
    assert client.get(address).getvalue()
    take_down_photo(project=project, user=None, reason="asked", image_id=image.pk)
    assert client.get(address).status_code == 404
    photos = client.get("/p/street/photos/").content.decode()
    assert f"/{image.pk}/" not in photos
    assert f"/{other.pk}/" in photos


def test_the_list_asks_a_fixed_number_of_questions(
    client: Client, project: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(35):
        take_down_photo(project=project, user=None, reason="asked", sha256=f"{number:064x}")
    with django_assert_max_num_queries(12):
        page = client.get(LIST).content.decode()
    assert 'rel="next"' in page
