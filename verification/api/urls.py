"""Addresses of verification in the API, below projects/<slug>/."""

from django.urls import path, re_path

from verification.api import audit_work, audits, concepts, exports, loops, packages, pay, quality, statistics, work

urlpatterns = [
    *(
        re_path(rf"^work/(?P<kind>tags|questions|answers)/{name}$", view.as_view(), name=f"work_{name}")
        for name, view in work.VIEWS.items()
    ),
    path("packages", packages.PackagesView.as_view(), name="packages"),
    path("packages/take", packages.TakeView.as_view(), name="take_package"),
    path("packages/<int:package_id>", packages.PackageView.as_view(), name="package"),
    path("packages/<int:package_id>/rule", packages.RuleView.as_view(), name="rule_item"),
    path("packages/<int:package_id>/close", packages.CloseView.as_view(), name="close_package"),
    path("packages/<int:package_id>/give-back", packages.GiveBackView.as_view(), name="give_back_package"),
    path("loops", loops.LoopsView.as_view(), name="loops"),
    path("loops/<int:loop_number>", loops.LoopView.as_view(), name="loop"),
    path("loops/<int:loop_number>/cancel", loops.CancelLoopView.as_view(), name="cancel_loop"),
    path("loops/<int:loop_number>/audits", audits.LoopAuditsView.as_view(), name="loop_audits"),
    path("audits", audits.AuditsView.as_view(), name="audits"),
    path("audits/<int:audit_id>", audits.AuditView.as_view(), name="audit"),
    path("audits/<int:audit_id>/close", audits.CloseAuditView.as_view(), name="close_audit"),
    *(path(f"audits/{name}", view.as_view(), name=f"audit_{name}") for name, view in audit_work.VIEWS.items()),
    path("accuracy", audits.AccuracyView.as_view(), name="accuracy"),
    path("quality", quality.QualityView.as_view(), name="quality"),
    path("quality/agreement", quality.AgreementView.as_view(), name="agreement"),
    path("pay", pay.PayView.as_view(), name="pay"),
    path("pay/me", pay.OwnPayView.as_view(), name="own_pay"),
    path("pay/me/entries", pay.OwnEntriesView.as_view(), name="own_pay_entries"),
    path("pay/people/<int:user_id>/entries", pay.PersonEntriesView.as_view(), name="person_pay_entries"),
    path("concepts/named", concepts.ConceptNamedView.as_view(), name="concept_named"),
    path("concepts/<int:concept_id>", concepts.ConceptView.as_view(), name="concept"),
    path("concepts/<int:concept_id>/meanings", concepts.MeaningsView.as_view(), name="concept_meanings"),
    path("exports", exports.ExportsView.as_view(), name="exports"),
    path("exports/<int:export_id>", exports.ExportView.as_view(), name="export"),
    path("exports/<int:export_id>/cancel", exports.CancelExportView.as_view(), name="cancel_export"),
    path("exports/<int:export_id>/file", exports.ExportFileView.as_view(), name="export_file"),
    path("exports/<int:export_id>/meta", exports.ExportMetaView.as_view(), name="export_meta"),
    path("statistics", statistics.ProjectStatisticsView.as_view(), name="statistics"),
    path("statistics/me", statistics.OwnStatisticsView.as_view(), name="own_statistics"),
]
