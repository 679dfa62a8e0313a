"""An expert's audit page and the endpoints behind it, below p/<slug>/audit/."""

from django.urls import path

from verification.views.expert_audit import pages, tasks

urlpatterns = [
    path("", pages.audit, name="audit"),
    path("lease", tasks.lease, name="audit_lease"),
    path("judge", tasks.judge, name="audit_judge"),
    path("undo", tasks.undo, name="audit_undo"),
    path("release", tasks.release, name="audit_release"),
]
