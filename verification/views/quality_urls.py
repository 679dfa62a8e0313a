"""Addresses of quality, pay, histories and concept cards, below p/<slug>/."""

from django.urls import path

from verification.views import concepts, items
from verification.views.annotator import earnings, feedback, history
from verification.views.lead import pay, quality

urlpatterns = [
    path("work/history/", history.history, name="own_history"),
    path("work/history/<uuid:key>/", history.item, name="own_item"),
    path("work/history/<uuid:key>/revise", history.revise, name="revise_own"),
    path("work/history/<uuid:key>/comment", history.comment, name="comment_own"),
    path("work/history/<uuid:key>/read", history.read, name="read_own"),
    path("work/feedback/", feedback.feedback, name="feedback"),
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/statement.csv", earnings.own_statement, name="own_statement"),
    path("quality/", quality.board, name="quality"),
    path("quality/agreement/", quality.agreement, name="quality_agreement"),
    path("quality/people/<int:user_id>/", quality.person, name="quality_person"),
    path("quality/people/<int:user_id>/pause", quality.pause, name="pause_person"),
    path("quality/people/<int:user_id>/resume", quality.resume, name="resume_person"),
    path("quality/people/<int:user_id>/requalify", quality.requalify, name="requalify_person"),
    path("quality/people/<int:user_id>/send-back", quality.send_back, name="send_back_work"),
    path("pay/", pay.pay, name="pay"),
    path("pay/forecast/", pay.forecast, name="pay_forecast"),
    path("pay/people/<int:user_id>.csv", pay.person_statement, name="person_statement"),
    path("items/<int:item_id>/history/", items.history, name="item_history"),
    path("items/<int:item_id>/history/threads/<int:annotator_id>", items.comment, name="comment_on_item"),
    path("concepts/<int:concept_id>/card/", concepts.card, name="concept_card"),
    path("concepts/<int:concept_id>/meaning", concepts.write, name="write_meaning"),
]
