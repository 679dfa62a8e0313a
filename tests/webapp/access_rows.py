"""Who gets what at every address of our own: the rows of test_access_matrix.py.

To add an endpoint, add a row: its name, who may use it, and what they get. The rows are written out, not derived
from webapp/projects/policies.py, so that a change of the policy shows up as a failing row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PEOPLE = ("anonymous", "outsider", "annotator", "expert", "lead", "consumer", "admin")
MEMBERS = frozenset({"annotator", "expert", "lead", "consumer"})

Arguments = Callable[["Things"], dict[str, Any]]


@dataclass(frozen=True)
class Things:
    """What the addresses of the matrix name."""

    project: Any
    member_id: int
    image_id: int
    export_id: int
    import_id: int
    loop_number: int
    webhook_id: int
    team_id: int


@dataclass(frozen=True)
class Row:
    """One endpoint. `allowed` get a status of `ok`, anonymous people the sign-in page, outsiders 404, members 403.

    `changes`: it changes something, so it takes POST alone and answers 405 to GET. `data` is what is posted.
    `unlike` names people whose answer differs. `public` and `signed_in` are endpoints outside projects.
    `token`: of an endpoint of the API, the scope that a token needs. An endpoint with several methods has a row for each
    further one: "api:exports POST".
    """

    allowed: frozenset[str] = frozenset()
    ok: frozenset[int] = frozenset({200})
    changes: bool = False
    arguments: Arguments = lambda things: {}
    data: Mapping[str, Any] = field(default_factory=dict)
    json: bool = False
    unlike: Mapping[str, int] = field(default_factory=dict)
    scope: str = "project"
    token: str = ""

    def expected(self, person: str) -> frozenset[int]:
        if person in self.unlike:
            return frozenset({self.unlike[person]})
        if self.scope == "public" or person in self.allowed:
            return self.ok
        if person == "anonymous":
            return frozenset({401 if self.json else 302})
        if self.scope == "signed in":
            return self.ok
        return frozenset({404 if person == "outsider" else 403})


def _slug(things: Things) -> dict[str, Any]:
    return {"slug": things.project.slug}


def _with(**names: str) -> Arguments:
    return lambda things: {"slug": things.project.slug} | {key: getattr(things, name) for key, name in names.items()}


def _page(*allowed: str, arguments: Arguments = _slug, ok: tuple[int, ...] = (200,), **extra: Any) -> Row:
    return Row(frozenset(allowed), frozenset(ok), arguments=arguments, **extra)


def _change(*allowed: str, arguments: Arguments = _slug, ok: tuple[int, ...] = (302,), **extra: Any) -> Row:
    return Row(frozenset(allowed), frozenset(ok), changes=True, arguments=arguments, **extra)


def _image(things: Things) -> dict[str, Any]:
    return _slug(things) | {"image_id": things.image_id, "variant": "display"}


def _schema(things: Things) -> dict[str, Any]:
    return _slug(things) | {"version": "1"}


def _api(token: str, *allowed: str, arguments: Arguments = _slug, ok: tuple[int, ...] = (200,), **extra: Any) -> Row:
    return Row(frozenset(allowed), frozenset(ok), arguments=arguments, json=True, token=token, **extra)


def _lead_api(**extra: Any) -> Row:
    return _api("lead", "lead", "admin", **extra)


def _manage_api(**extra: Any) -> Row:
    return _api("manage", "lead", "admin", **extra)


def _own(things: Things) -> dict[str, Any]:  # a verdict of nobody's: real ones are tested with the pages
    return _slug(things) | {"key": "00000000-0000-4000-8000-000000000000"}


def _no_item(things: Things) -> dict[str, Any]:
    return _slug(things) | {"item_id": 2**40}


def _no_thread(things: Things) -> dict[str, Any]:
    return _slug(things) | {"item_id": 2**40, "annotator_id": things.member_id}


def _no_takedown(things: Things) -> dict[str, Any]:
    return _slug(things) | {"takedown_id": 2**40}


def _no_sample(things: Things) -> dict[str, Any]:
    return _slug(things) | {"sample_id": 2**40}


def _no_audit(things: Things) -> dict[str, Any]:
    return _slug(things) | {"audit_id": 2**40}


def _no_concept(things: Things) -> dict[str, Any]:
    return _slug(things) | {"concept_id": 2**40}


_EVERYONE = (*MEMBERS, "admin")
_PERSON = _with(user_id="member_id")
_LOOP = _with(loop_number="loop_number")
_EXPORT = _with(export_id="export_id")
_IMPORT = _with(import_id="import_id")
_WEBHOOK = _with(webhook_id="webhook_id")
_TEAM = _with(team_id="team_id")


def _tags(things: Things) -> dict[str, Any]:
    return _slug(things) | {"kind": "tags"}


def _no_package(things: Things) -> dict[str, Any]:
    return _slug(things) | {"package_id": 2**40}


def _package(things: Things) -> dict[str, Any]:  # a package that is not there: its pages are tested with real ones
    return _slug(things) | {"package_id": 2**40}


# Item endpoints answer in JSON; without a lease of their own people are told so, or that nothing is to be done.
_ITEM_ANSWERS = (200, 204, 400, 404, 409)

ROWS: dict[str, Row] = {
    "healthz": Row(scope="public"),
    "livez": Row(scope="public"),
    # webapp/accounts
    "accounts:profile": Row(scope="signed in"),
    "accounts:theme": Row(scope="signed in", changes=True, ok=frozenset({302}), data={"theme": "dark"}),
    "accounts:email": Row(scope="signed in", ok=frozenset({302})),
    "accounts:tokens": Row(scope="signed in"),
    "accounts:revoke_token": Row(
        scope="signed in", changes=True, ok=frozenset({404}), arguments=lambda things: {"token_id": 2**40}
    ),
    # webapp/projects
    "projects:list": Row(scope="signed in"),
    "projects:new": Row(frozenset({"lead", "admin"}), unlike={"outsider": 403}),
    "projects:people": _page("lead", "admin"),
    "projects:add_person": _change("lead", "admin", ok=(200,), data={"who": "otto", "roles": ["annotator"]}),
    "projects:change_roles": _change("lead", "admin", arguments=_PERSON, data={"roles": ["expert"]}),
    "projects:remove_person": _change("lead", "admin", arguments=_PERSON),
    "projects:invitations": _page("lead", "admin"),
    "projects:revoke_invitation": _change(
        "lead", "admin", arguments=lambda things: _slug(things) | {"invitation_id": 2**40}, ok=(404,)
    ),
    "projects:bring_people": _page("lead", "admin"),
    "projects:teams": _page("lead", "admin"),
    "projects:team_members": _change("lead", "admin", arguments=_TEAM),
    "projects:remove_team": _change("lead", "admin", arguments=_TEAM),
    "projects:join": Row(scope="public", ok=frozenset({404}), arguments=lambda things: {"token": "1:nothing"}),
    "projects:settings": _page("lead", "admin"),
    "projects:pause": _change("lead", "admin"),
    "projects:resume": _change("lead", "admin"),
    # annotation
    "annotation:explore": _page("lead", "consumer", "admin"),
    "annotation:explore_concepts": _page("lead", "consumer", "admin"),
    "annotation:image_file": _page(*_EVERYONE, arguments=_image),
    "annotation:photos": _page("lead", "admin"),
    "annotation:add_photos": _page("lead", "admin"),
    "annotation:upload_photos": _change("lead", "admin", ok=(400,), data={"format": "folder"}),
    "annotation:fetch_photos": _change("lead", "admin", ok=(400,), data={"addresses": "no address"}),
    "annotation:read_folder": _change("lead", "admin", ok=(400,)),
    "annotation:import": _page("lead", "admin", arguments=_IMPORT),
    "annotation:cancel_import": _change("lead", "admin", arguments=_IMPORT),
    "annotation:import_problems": _page("lead", "admin", arguments=_IMPORT),
    # verification
    "verification:home": _page(*_EVERYONE, unlike={"annotator": 302, "consumer": 302}),
    "verification:my_work": _page("annotator"),
    "verification:tag_task": _page("annotator"),
    "verification:tag_lease": _change("annotator", ok=_ITEM_ANSWERS, json=True),
    "verification:tag_submit": _change("annotator", ok=_ITEM_ANSWERS, json=True),
    "verification:tag_undo": _change("annotator", ok=_ITEM_ANSWERS, json=True),
    "verification:tag_skip": _change("annotator", ok=_ITEM_ANSWERS, json=True),
    "verification:tag_release": _change("annotator", ok=_ITEM_ANSWERS, json=True),
    **{
        f"verification:{kind}_{name}": _change("annotator", ok=_ITEM_ANSWERS, json=True)
        for kind in ("qa", "answer")
        for name in ("lease", "submit", "undo", "skip", "release")
    },
    "verification:qa_task": _page("annotator"),
    "verification:answer_task": _page("annotator"),
    "verification:work_keys": _change("annotator", ok=(200, 400)),
    "verification:qualify": _page("annotator"),
    "verification:answer_qualifying": _change("annotator", ok=(400,)),
    "verification:qualifying": _page("lead", "admin"),
    "verification:change_qualifying": _change("lead", "admin", data={"off": "1"}),
    "verification:work_shortcuts": _change("annotator", ok=(200, 204, 302, 400)),
    "verification:desk": _page("expert"),
    "verification:take_package": _change("expert", ok=(302, 409)),
    "verification:package": _page("expert", arguments=_package, ok=(404,)),
    "verification:mark_item": _change("expert", arguments=_package, ok=_ITEM_ANSWERS, json=True),
    "verification:unmark_item": _change("expert", arguments=_package, ok=_ITEM_ANSWERS, json=True),
    "verification:close_package": _change("expert", arguments=_package, ok=(404,)),
    "verification:give_back_package": _change("expert", arguments=_package),
    "verification:packages": _page("lead", "admin"),
    "verification:leads_package": _page("lead", "admin", arguments=_package, ok=(404,)),
    "verification:give_package": _change("lead", "admin", arguments=_package, ok=(404,), data={"annotator": "1"}),
    "verification:accept_package": _change("lead", "admin", arguments=_package, ok=(404,), data={"note": "x"}),
    "verification:ask_package_again": _change("lead", "admin", arguments=_package, ok=(404,), data={"note": "x"}),
    "verification:audit": _page("expert"),
    "verification:audit_lease": _change("expert", ok=_ITEM_ANSWERS, json=True),
    "verification:audit_judge": _change("expert", ok=_ITEM_ANSWERS, json=True),
    "verification:audit_undo": _change("expert", ok=_ITEM_ANSWERS, json=True),
    "verification:audit_release": _change("expert", ok=_ITEM_ANSWERS, json=True),
    "verification:loops": _page("lead", "admin"),
    "verification:start_loop": _change("lead", "admin", ok=(302, 409)),
    "verification:loop": _page("lead", "admin", arguments=_LOOP),
    "verification:loop_accuracy": _page("lead", "admin", arguments=_LOOP),
    "verification:audits_to_draw": _page("lead", "admin", arguments=_LOOP),
    "verification:draw_audit": _change("lead", "admin", arguments=_LOOP, ok=(400,)),
    "verification:close_audit": _change("lead", "admin", arguments=_LOOP, ok=(404,)),
    "verification:loop_failures": _page("lead", "admin", arguments=_LOOP),
    "verification:cancel_loop": _change("lead", "admin", arguments=_LOOP),
    "verification:close_verification": _change("lead", "admin", arguments=_LOOP, ok=(302, 409)),
    "verification:annotate_new_photos": _change("lead", "admin", ok=(302, 409)),
    "verification:retry_loop": _change("lead", "admin", arguments=_LOOP, ok=(302, 409)),
    # quality, pay, histories
    "verification:own_history": _page("annotator"),
    "verification:own_item": _page("annotator", arguments=_own, ok=(404,)),
    "verification:revise_own": _change("annotator", arguments=_own, ok=(404,)),
    "verification:comment_own": _change("annotator", arguments=_own, ok=(404,)),
    "verification:read_own": _change("annotator", arguments=_own, ok=(404,)),
    "verification:feedback": _page("annotator"),
    "verification:earnings": _page("annotator"),
    "verification:own_statement": _page("annotator"),
    "verification:quality": _page("lead", "admin"),
    "verification:quality_agreement": _page("lead", "admin"),
    "verification:quality_person": _page("lead", "admin", arguments=_PERSON, ok=(404,)),  # an expert, no annotator
    "verification:pause_person": _change("lead", "admin", arguments=_PERSON, ok=(404,)),
    "verification:resume_person": _change("lead", "admin", arguments=_PERSON, ok=(404,)),
    "verification:requalify_person": _change("lead", "admin", arguments=_PERSON, ok=(404,)),
    "verification:send_back_work": _change("lead", "admin", arguments=_PERSON, ok=(404,), data={"count": "5"}),
    "verification:pay": _page("lead", "admin"),
    "verification:pay_forecast": _page("lead", "admin"),
    "verification:person_statement": _page("lead", "admin", arguments=_PERSON),
    "verification:item_history": _page("expert", "lead", "admin", arguments=_no_item, ok=(404,)),
    "verification:comment_on_item": _change("expert", "lead", "admin", arguments=_no_thread, ok=(404,)),
    "verification:concept_card": _page("annotator", "expert", "lead", "admin", arguments=_no_concept, ok=(404,)),
    "verification:write_meaning": _change("lead", "admin", arguments=_no_concept, ok=(404,), data={"text": "x"}),
    "verification:exports": _page("lead", "consumer", "admin"),
    "verification:export": _page("lead", "consumer", "admin", arguments=_EXPORT),
    "verification:cancel_export": _change("lead", "consumer", "admin", arguments=_EXPORT),
    "verification:download_export": _page("lead", "consumer", "admin", arguments=_EXPORT, ok=(200, 409)),
    "verification:download_export_meta": _page("lead", "consumer", "admin", arguments=_EXPORT, ok=(200, 409)),
    "verification:export_schema": _page(
        *("lead", "consumer", "admin"),
        arguments=lambda things: {"slug": things.project.slug, "version": "1"},
        ok=(200, 404),
    ),
}

ROWS |= {
    "verification:takedowns": _page("lead", "admin"),
    "verification:takedown": _page("lead", "admin", arguments=_no_takedown, ok=(404,)),
    "verification:items": _page("lead", "admin"),
    "verification:confirm_items": _change("lead", "admin", ok=(400,)),
    "verification:act_on_items": _change("lead", "admin", ok=(400,)),
    "verification:share_items": _change("lead", "admin", ok=(400,)),
    "verification:prioritise_sample": _change("lead", "admin", ok=(400,)),
    "verification:stranded_items": _page("lead", "admin"),
    "verification:let_go_of_holds": _change("lead", "admin", ok=(400,)),
    "verification:webhooks": _page("lead", "admin"),
    "verification:webhook": _page("lead", "admin", arguments=_WEBHOOK),
    "verification:test_webhook": _change("lead", "admin", arguments=_WEBHOOK),
    "verification:switch_webhook": _change("lead", "admin", arguments=_WEBHOOK),
    "verification:renew_webhook": _change("lead", "admin", arguments=_WEBHOOK, ok=(200,)),
    "verification:remove_webhook": _change("lead", "admin", arguments=_WEBHOOK),
    "verification:send_webhook_again": _change(
        "lead", "admin", arguments=lambda things: _WEBHOOK(things) | {"delivery_id": 2**40}, ok=(404,)
    ),
    # webapp/api, annotation/api, verification/api
    "api:schema": Row(scope="public"),
    "api:me": Row(scope="signed in", json=True, token="read"),
    "api:projects": Row(scope="signed in", json=True, token="read"),
    "api:project": _api("read", *_EVERYONE),
    "api:image_file": _api("read", *_EVERYONE, arguments=_image),
    "api:work_lease": _api("annotate", "annotator", arguments=_tags, changes=True),
    "api:work_submit": _api("annotate", "annotator", arguments=_tags, changes=True, ok=_ITEM_ANSWERS),
    "api:work_undo": _api("annotate", "annotator", arguments=_tags, changes=True, ok=_ITEM_ANSWERS),
    "api:work_skip": _api("annotate", "annotator", arguments=_tags, changes=True, ok=_ITEM_ANSWERS),
    "api:work_release": _api("annotate", "annotator", arguments=_tags, changes=True),
    "api:packages": _api("annotate", "expert"),
    "api:take_package": _api("annotate", "expert", changes=True, ok=(409,)),
    "api:package": _api("annotate", "expert", arguments=_no_package, ok=(404,)),
    "api:rule_item": _api("annotate", "expert", arguments=_no_package, changes=True, ok=_ITEM_ANSWERS),
    "api:close_package": _api("annotate", "expert", arguments=_no_package, changes=True, ok=(404,)),
    "api:give_back_package": _api("annotate", "expert", arguments=_no_package, changes=True),
    "api:loops": _api("lead", "lead", "admin"),
    "api:loops POST": _api("lead", "lead", "admin", changes=True, ok=(201, 409)),
    "api:loop": _api("lead", "lead", "admin", arguments=_LOOP),
    "api:cancel_loop": _api("lead", "lead", "admin", arguments=_LOOP, changes=True),
    "api:loop_audits": _api("lead", "lead", "admin", arguments=_LOOP),
    "api:loop_audits POST": _api("lead", "lead", "admin", arguments=_LOOP, changes=True, ok=(202,)),
    "api:audits": _api("lead", "lead", "admin"),
    "api:audit": _api("lead", "lead", "admin", arguments=_no_audit, ok=(404,)),
    "api:close_audit": _api("lead", "lead", "admin", arguments=_no_audit, changes=True, ok=(404,)),
    **{
        f"api:audit_{name}": _api("annotate", "expert", changes=True, ok=_ITEM_ANSWERS)
        for name in ("lease", "judge", "undo", "release")
    },
    "api:accuracy": _api("lead", "lead", "admin"),
    "api:quality": _api("lead", "lead", "admin"),
    "api:agreement": _api("lead", "lead", "admin"),
    "api:pay": _api("lead", "lead", "admin"),
    "api:own_pay": _api("read", "annotator"),
    "api:own_pay_entries": _api("read", "annotator"),
    "api:person_pay_entries": _api("lead", "lead", "admin", arguments=_PERSON),
    "api:concept_named": _api("read", "annotator", "expert", "lead", "admin", ok=(400,)),  # without a name
    "api:concept": _api("read", "annotator", "expert", "lead", "admin", arguments=_no_concept, ok=(404,)),
    "api:concept_meanings": _api("lead", "lead", "admin", arguments=_no_concept, ok=(404,)),
    "api:concept_meanings POST": _api(
        "lead", "lead", "admin", arguments=_no_concept, changes=True, ok=(404,), data={"text": "x"}
    ),
    "api:exports": _api("export", "lead", "consumer", "admin"),
    "api:exports POST": _api("export", "lead", "consumer", "admin", changes=True, ok=(202,), data={"kind": "tags"}),
    "api:export": _api("export", "lead", "consumer", "admin", arguments=_EXPORT),
    "api:cancel_export": _api("export", "lead", "consumer", "admin", arguments=_EXPORT, changes=True),
    "api:export_file": _api("export", "lead", "consumer", "admin", arguments=_EXPORT, ok=(409,)),
    "api:export_meta": _api("export", "lead", "consumer", "admin", arguments=_EXPORT, ok=(409,)),
    "api:export_preview": _api("export", "lead", "consumer", "admin", changes=True, data={"kind": "tags"}),
    "api:feedback": _api("read", "annotator"),
    "api:all_packages": _lead_api(),
    "api:leads_package": _lead_api(arguments=_no_package, ok=(404,)),
    "api:give_package": _lead_api(arguments=_no_package, changes=True, ok=(404,), data={"annotator": "1"}),
    "api:accept_package": _lead_api(arguments=_no_package, changes=True, ok=(404,), data={"note": "x"}),
    "api:ask_package_again": _lead_api(arguments=_no_package, changes=True, ok=(404,), data={"note": "x"}),
    "api:samples": _lead_api(),
    "api:sample_priority": _lead_api(arguments=_no_sample, changes=True, ok=(404,), data={"priority": "urgent"}),
    "api:share_items": _lead_api(arguments=_no_sample, changes=True, ok=(404,), data={"count": "1"}),
    "api:items": _lead_api(ok=(400,)),  # of no sample
    "api:act_on_items": _lead_api(changes=True, ok=(400,)),
    "api:assign_items": _lead_api(changes=True, ok=(400,)),
    "api:prioritise_items": _lead_api(changes=True, ok=(400,)),
    "api:stranded_items": _lead_api(),
    "api:item_history": _lead_api(arguments=_no_item, ok=(404,)),
    "api:thread": _lead_api(arguments=_no_thread, ok=(404,)),
    "api:thread POST": _lead_api(arguments=_no_thread, changes=True, ok=(404,)),
    "api:waiting_threads": _lead_api(),
    "api:next_loop": _lead_api(),
    "api:annotate_new_photos": _lead_api(changes=True, ok=(202, 409)),
    "api:close_verification": _lead_api(arguments=_LOOP, changes=True, ok=(200, 409)),
    "api:retry_loop": _lead_api(arguments=_LOOP, changes=True, ok=(200, 409)),
    "api:loop_failures": _lead_api(arguments=_LOOP),
    "api:quality_person": _lead_api(arguments=_PERSON, ok=(404,)),  # an expert, no annotator
    "api:pause_person": _lead_api(arguments=_PERSON, changes=True, ok=(404,)),
    "api:resume_person": _lead_api(arguments=_PERSON, changes=True, ok=(404,)),
    "api:requalify_person": _lead_api(arguments=_PERSON, changes=True, ok=(404,)),
    "api:send_back_work": _lead_api(arguments=_PERSON, changes=True, ok=(404,), data={"count": "5"}),
    "api:pay_forecast": _lead_api(),
    "api:takedowns": _manage_api(),
    "api:takedowns POST": _manage_api(changes=True, ok=(400,)),
    "api:preview_takedown": _manage_api(changes=True, ok=(400,)),
    "api:takedown": _manage_api(arguments=_no_takedown, ok=(404,)),
    "api:webhooks": _manage_api(),
    "api:webhooks POST": _manage_api(changes=True, ok=(400,)),
    "api:webhook": _manage_api(arguments=_WEBHOOK),
    "api:deliveries": _manage_api(arguments=_WEBHOOK),
    "api:test_webhook": _manage_api(arguments=_WEBHOOK, changes=True, ok=(202,)),
    "api:switch_webhook": _manage_api(arguments=_WEBHOOK, changes=True, data={"is_active": "true"}),
    "api:renew_secret": _manage_api(arguments=_WEBHOOK, changes=True),
    "api:remove_webhook": _manage_api(arguments=_WEBHOOK, changes=True),
    "api:send_again": _manage_api(
        arguments=lambda things: _WEBHOOK(things) | {"delivery_id": 2**40}, changes=True, ok=(404,)
    ),
    "api:pause_project": _manage_api(changes=True),
    "api:resume_project": _manage_api(changes=True),
    "api:people": _manage_api(),
    "api:people POST": _manage_api(changes=True, ok=(400,)),
    "api:person_roles": _manage_api(arguments=_PERSON, changes=True, ok=(400,)),
    "api:remove_person": _manage_api(arguments=_PERSON, changes=True),
    "api:teams": _manage_api(),
    "api:teams POST": _manage_api(changes=True, ok=(201,), data={"name": "A"}),
    "api:team_members": _manage_api(arguments=_TEAM, changes=True, ok=(400,)),
    "api:remove_team": _manage_api(arguments=_TEAM, changes=True),
    "api:invitations": _manage_api(),
    "api:invitations POST": _manage_api(changes=True, ok=(400,)),
    "api:revoke_invitation": _manage_api(
        arguments=lambda things: _slug(things) | {"invitation_id": 2**40}, changes=True, ok=(404,)
    ),
    "api:statistics": _api("lead", "lead", "admin"),
    "api:own_statistics": _api("read", "annotator"),
}

# allauth's pages: what a signed-out and a signed-in person get on GET. Signing up is closed, and each page that
# changes something first shows a form, so that no GET changes anything.
ALLAUTH: dict[str, tuple[int, int]] = {
    "account_login": (200, 302),
    "account_logout": (302, 200),
    "account_inactive": (200, 200),
    "account_signup": (200, 302),
    "account_reauthenticate": (302, 200),
    "account_email": (302, 302),
    "account_email_verification_sent": (200, 200),
    "account_change_password": (302, 200),
    "account_set_password": (302, 302),
    "account_reset_password": (200, 200),
    "account_confirm_login_code": (302, 302),
    "account_confirm_email": (200, 200),
    "account_reset_password_from_key_done": (200, 200),
    "account_reset_password_from_key": (200, 200),
    "account_reset_password_done": (200, 200),
    "mfa_index": (302, 200),
    "mfa_authenticate": (302, 302),
    "mfa_reauthenticate": (302, 302),
    "mfa_activate_totp": (302, 302),
    "mfa_deactivate_totp": (302, 404),
    "mfa_view_recovery_codes": (302, 404),
    "mfa_generate_recovery_codes": (302, 302),
    "mfa_download_recovery_codes": (302, 404),
    "socialaccount_login_cancelled": (200, 200),
    "socialaccount_login_error": (401, 401),
    "socialaccount_signup": (302, 302),
    "socialaccount_connections": (302, 200),
    "openid_connect_login": (404, 404),
    "openid_connect_callback": (404, 404),
}
ALLAUTH_ARGUMENTS: dict[str, dict[str, str]] = {
    "account_confirm_email": {"key": "nothing"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "nothing"},
    "openid_connect_login": {"provider_id": "sso"},
    "openid_connect_callback": {"provider_id": "sso"},
}

# The models of the site administration; each has the pages of ADMIN_PAGES, to site admins only.
ADMIN_MODELS = frozenset(
    {
        "accounts_user",
        "annotation_concept",
        "annotation_image",
        "annotation_importrun",
        "annotation_loop",
        "annotation_producer",
        "annotation_stagerun",
        "projects_membership",
        "projects_project",
        "verification_export",
        "verification_reviewpackage",
        "verification_sample",
    }
)
ADMIN_PAGES = ("changelist", "add", "history", "delete", "change")
# What a site admin gets on GET.
ADMIN_SITE: dict[str, int] = {
    "index": 200,
    "login": 302,
    "logout": 405,
    "password_change": 302,
    "password_change_done": 200,
    "autocomplete": 403,
    "jsi18n": 200,
    "view_on_site": 404,
    "app_list": 200,
    "auth_user_password_change": 200,
}
ADMIN_ARGUMENTS: dict[str, dict[str, str]] = {
    "view_on_site": {"content_type_id": "0", "object_id": "0"},
    "app_list": {"app_label": "projects"},
}
