"""Every list of the application: the addresses that `bench.lists` opens, and those that show none.

tests/bench/test_lists.py holds them against all addresses there are.
"""

from collections.abc import Callable

from bench.lists_data import CONCEPTS, FINISHED, PER_PHOTO, RUNNING, items_of

Address = Callable[[int], str]
"""By the number of the round, so that no two requests read the same rows."""


def pages(regions: int) -> dict[str, Address]:
    """Name -> address."""
    return {**_explore(regions), **_loops(), **_work(regions), **_office(), **_api(regions), **_administration()}


def _far(place: int, end: int) -> int:
    """Somewhere deep inside."""
    return (place * 7919 + end // 2) % max(end - 1000, 1) + 1


def _explore(regions: int) -> dict[str, Address]:
    photos = regions // PER_PHOTO
    explore = "/p/bench/explore/"
    return {
        "explore_first": lambda place: explore,
        "explore_deep": lambda place: f"{explore}?after={_far(place, photos)}",
        "explore_before": lambda place: f"{explore}?before={_far(place, photos) + 500}",
        "explore_photo": lambda place: f"{explore}?photo={_far(place, photos)}",
        "explore_common": lambda place: f"{explore}?concept=thing+1&after={_far(place, regions)}",
        "explore_rare": lambda place: f"{explore}?concept=thing+{CONCEPTS - 5000 + place}",
        "explore_no_match": lambda place: f"{explore}?source=ocr&after={_far(place, regions)}",
        "explore_rare_size": lambda place: f"{explore}?concept=thing+2&size=huge&after={_far(place, regions)}",
        "explore_verified": lambda place: f"{explore}?verified=yes&after={_far(place, regions) // 4}",
        "explore_not_verified": lambda place: f"{explore}?verified=no&after={_far(place, regions)}",
        "suggestions": lambda place: f"{explore}concepts/?concept=thing+{place % 9 + 1}",
        "concept_card": lambda place: f"/p/bench/concepts/{place % 40 + 1}/card/",
        "photos_first": lambda place: "/p/bench/photos/",
        "photos_deep": lambda place: f"/p/bench/photos/?before={_far(place, photos) + 500}",
        "import": lambda place: "/p/bench/photos/imports/1/",
    }


def _loops() -> dict[str, Address]:
    loops = "/p/bench/loops/"
    return {
        "home": lambda place: "/p/bench/",
        "loops": lambda place: loops,
        "loop": lambda place: f"{loops}{RUNNING}/",
        "loop_finished": lambda place: f"{loops}{FINISHED}/",
        "loop_first": lambda place: f"{loops}0/",
        "loop_failures": lambda place: f"{loops}{FINISHED}/failures/",
        "loop_accuracy": lambda place: f"{loops}{FINISHED}/accuracy/",
        "audits_to_draw": lambda place: f"{loops}{FINISHED}/audits/to-draw",
        "audits": lambda place: "/p/bench/audit/",
    }


def _work(regions: int) -> dict[str, Address]:
    items = items_of(regions)
    return {
        "items_first": lambda place: "/p/bench/items/",
        "items_deep": lambda place: f"/p/bench/items/?sample=1&after={_far(place, items)}",
        "items_no_match": lambda place: f"/p/bench/items/?sample=1&shows=lead&after={_far(place, items)}",
        "items_of_person": lambda place: f"/p/bench/items/?sample=1&annotator=2&after={_far(place, items)}",
        "items_stranded": lambda place: "/p/bench/items/waiting/",
        "item_history": lambda place: f"/p/bench/items/{_far(place, items)}/history/",
        "item_thread": lambda place: "/p/bench/items/2/history/",
        "packages": lambda place: "/p/bench/packages/",
        "package": lambda place: f"/p/bench/packages/{place % 100 + 1}/",
        "package_of_expert": lambda place: f"/p/bench/review/{place % 8 + 2}/",
        "desk": lambda place: "/p/bench/review/",
        "my_work": lambda place: "/p/bench/work/",
        "own_history": lambda place: "/p/bench/work/history/",
        "own_history_deep": lambda place: f"/p/bench/work/history/?before={_far(place, items) + 500}",
        "feedback": lambda place: "/p/bench/work/feedback/",
        "earnings": lambda place: "/p/bench/earnings/",
    }


def _office() -> dict[str, Address]:
    return {
        "projects": lambda place: "/",
        "people": lambda place: "/p/bench/people/",
        "teams": lambda place: "/p/bench/people/teams/",
        "invitations": lambda place: "/p/bench/people/invitations/",
        "settings": lambda place: "/p/bench/settings/",
        "qualifying": lambda place: "/p/bench/settings/qualifying/",
        "pay": lambda place: "/p/bench/pay/",
        "pay_forecast": lambda place: "/p/bench/pay/forecast/",
        "quality": lambda place: "/p/bench/quality/",
        "quality_person": lambda place: f"/p/bench/quality/people/{place % 100 + 2}/",
        "quality_agreement": lambda place: "/p/bench/quality/agreement/",
        "webhooks": lambda place: "/p/bench/webhooks/",
        "webhooks_log": lambda place: "/p/bench/webhooks/1/",
        "takedowns": lambda place: "/p/bench/takedowns/",
        "exports": lambda place: "/p/bench/exports/",
        "tokens": lambda place: "/accounts/tokens/",
    }


def _api(regions: int) -> dict[str, Address]:
    items = items_of(regions)
    api = "/api/v1/projects"
    bench = f"{api}/bench"
    addresses: dict[str, Address] = {
        "projects": lambda place: api,
        "people": lambda place: f"{bench}/people",
        "teams": lambda place: f"{bench}/teams",
        "invitations": lambda place: f"{bench}/invitations",
        "packages": lambda place: f"{bench}/packages",
        "package": lambda place: f"{bench}/packages/{place % 8 + 2}",
        "all_packages": lambda place: f"{bench}/packages/all",
        "leads_package": lambda place: f"{bench}/packages/all/{place % 100 + 1}",
        "samples": lambda place: f"{bench}/samples",
        "items": lambda place: f"{bench}/items?sample=1&after={_far(place, items)}",
        "stranded_items": lambda place: f"{bench}/items/stranded",
        "item_history": lambda place: f"{bench}/items/{_far(place, items)}/history",
        "thread": lambda place: f"{bench}/items/2/threads/1",
        "waiting_threads": lambda place: f"{bench}/threads/waiting",
        "feedback": lambda place: f"{bench}/work/feedback",
        "loops": lambda place: f"{bench}/loops",
        "next_loop": lambda place: f"{bench}/loops/next",
        "loop": lambda place: f"{bench}/loops/{RUNNING}",
        "loop_first": lambda place: f"{bench}/loops/0",
        "loop_failures": lambda place: f"{bench}/loops/{FINISHED}/failures",
        "loop_audits": lambda place: f"{bench}/loops/{FINISHED}/audits",
        "audits": lambda place: f"{bench}/audits",
        "accuracy": lambda place: f"{bench}/accuracy",
        "quality": lambda place: f"{bench}/quality",
        "quality_person": lambda place: f"{bench}/quality/people/{place % 100 + 2}",
        "agreement": lambda place: f"{bench}/quality/agreement",
        "pay": lambda place: f"{bench}/pay",
        "pay_forecast": lambda place: f"{bench}/pay/forecast",
        "own_pay": lambda place: f"{bench}/pay/me",
        "own_pay_entries": lambda place: f"{bench}/pay/me/entries",
        "person_pay_entries": lambda place: f"{bench}/pay/people/{place % 100 + 2}/entries",
        "concept_meanings": lambda place: f"{bench}/concepts/{place % 40 + 1}/meanings",
        "exports": lambda place: f"{bench}/exports",
        "webhooks": lambda place: f"{bench}/webhooks",
        "deliveries": lambda place: f"{bench}/webhooks/1/deliveries",
        "takedowns": lambda place: f"{bench}/takedowns",
        "statistics": lambda place: f"{bench}/statistics",
        "own_statistics": lambda place: f"{bench}/statistics/me",
    }
    return {f"api_{name}": address for name, address in addresses.items()}


ADMINISTERED = (
    *("accounts/user", "annotation/concept", "annotation/image", "annotation/importrun", "annotation/loop"),
    *("annotation/producer", "annotation/stagerun", "projects/membership", "projects/project"),
    *("verification/export", "verification/reviewpackage", "verification/sample"),
)


def _administration() -> dict[str, Address]:
    return {f"admin_{model.replace('/', '_')}": _of_model(model) for model in ADMINISTERED}


def _of_model(model: str) -> Address:
    return lambda place: f"/admin/{model}/"


# Names of addresses (reverse) that show one thing, a form or a file, however much there is.
NO_LISTS = frozenset(
    {
        *("healthz", "livez", "accounts:profile", "accounts:email", "api:schema", "api:me", "api:project"),
        *("projects:new", "projects:bring_people", "projects:join", "annotation:add_photos"),
        *("annotation:image_file", "annotation:import_problems", "api:image_file"),
        *("verification:tag_task", "verification:qa_task", "verification:answer_task", "verification:qualify"),
        *("verification:own_item", "verification:own_statement", "verification:person_statement"),
        *("verification:export", "verification:download_export", "verification:download_export_meta"),
        *("verification:export_schema", "verification:takedown"),
        *("api:audit", "api:concept_named", "api:concept", "api:export", "api:export_file", "api:export_meta"),
        *("api:webhook", "api:takedown"),
    }
)
