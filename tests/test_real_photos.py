"""Real photos with real annotations, from files to verified JSONL, over HTTP. Needs ARGUS_TEST_DATA."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command

from annotation.models import Image, Region
from verification.exports.schemas import schema_file

TO_VERIFY = 50


class Visitor:
    """Somebody with a browser's cookies and nothing else of a browser."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        with self.opener.open(self.address + path) as answer:
            return str(answer.read().decode())

    def sign_in(self, name: str, password: str) -> None:
        page = self.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "login": name, "password": password}
        self.opener.open(self.address + "/accounts/login/", urllib.parse.urlencode(form).encode()).close()

    def post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        request = urllib.request.Request(
            self.address + path,
            json.dumps(content).encode(),
            {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": token or ""},
        )
        with self.opener.open(request) as answer:
            return dict(json.loads(answer.read()))


@pytest.mark.django_db(transaction=True)
def test_coco_photos_become_verified_jsonl(
    test_data: Path, project: Any, ana: Any, live_server: Any, tmp_path: Path
) -> None:
    coco = test_data / "coco_mini_val"
    annotations = json.loads((coco / "annotations" / "instances_val2017.json").read_text())
    call_command("import_images", "--project", "street", "--folder", f"{coco}/val2017")
    files = ["--annotations", f"{coco}/annotations/instances_val2017.json"]
    files += ["--captions", f"{coco}/annotations/captions_val2017.json", "--images", f"{coco}/val2017"]
    call_command("import_coco", "--project", "street", *files)
    assert Image.objects.filter(project=project).count() == len(annotations["images"])
    assert Region.objects.filter(image__project=project).count() == len(annotations["annotations"])

    call_command("run_pipeline", "--project", "street")  # loop 0 annotates
    call_command("run_pipeline", "--project", "street")  # loop 1 asks people
    verified = verify_over_http(live_server.url, TO_VERIFY)

    target = tmp_path / "street.jsonl"
    call_command("export", project="street", kind="tags", out=str(target))
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    schema = validator("tags-1")
    for line in lines:
        schema.validate(line)
    assert sorted(tuple(line["bbox"]) for line in lines) == sorted(verified)
    compare_with_imported_boxes(lines, annotations)

    regions = tmp_path / "regions.jsonl"
    call_command("export", project="street", kind="regions", out=str(regions))
    instance = validator("regions-1")
    for text in regions.read_text().splitlines():
        instance.validate(json.loads(text))


def validator(version: str) -> jsonschema.Draft202012Validator:
    file = schema_file(version)
    assert file
    return jsonschema.Draft202012Validator(json.loads(file.read_text()))


def verify_over_http(address: str, count: int) -> list[tuple[float, ...]]:
    """Judge `count` items, every other one with its last tag wrong; returns the boxes of what was judged."""
    ana = Visitor(address)
    ana.sign_in("ana", "correct horse battery")
    ana.get("/p/street/work/tags/")
    items = ana.post("/p/street/work/tags/lease", {"want": 6})["items"]
    boxes = []
    for number in range(count):
        item = items.pop(0)
        wrong = [item["tags"][-1]["id"]] if number % 2 else []
        verdict = {
            "assignment": item["assignment"],
            "ticket": item["ticket"],
            "rejected": wrong,
            "seconds": 3.5,
            "key": str(uuid.uuid4()),
            "want": 1,
        }
        items += ana.post("/p/street/work/tags/submit", verdict)["items"]
        boxes.append(tuple(round(side, 2) for side in item["box"]))
    return boxes


def compare_with_imported_boxes(lines: list[dict[str, Any]], annotations: dict[str, Any]) -> None:
    """Every line whose tags an annotator of COCO gave has that annotator's box and category."""
    names = {category["id"]: category["name"] for category in annotations["categories"]}
    file_names = {image["id"]: image["file_name"] for image in annotations["images"]}
    truth = set()
    for annotation in annotations["annotations"]:
        x, y, width, height = annotation["bbox"]
        box = tuple(round(side, 2) for side in (x, y, x + width, y + height))
        truth.add((file_names[annotation["image_id"]], box, names[annotation["category_id"]]))
    imported = [
        (line["image"]["name"], tuple(line["bbox"]), tag["tag"])
        for line in lines
        for tag in line["accepted"] + line["rejected"]
        if "imported" in tag["sources"]
    ]
    own = {(name, box) for name, box, _tag in truth}
    from_coco = [entry for entry in imported if entry[:2] in own]
    assert from_coco
    assert all(entry in truth for entry in from_coco if sum(e[:2] == entry[:2] for e in from_coco) == 1)
