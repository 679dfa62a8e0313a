"""Addresses of a loop's audits and of the report of its accuracy, below p/<slug>/."""

from django.urls import path

from verification.views.lead import audits

urlpatterns = [
    path("loops/<int:loop_number>/accuracy/", audits.accuracy, name="loop_accuracy"),
    path("loops/<int:loop_number>/audits/to-draw", audits.to_draw, name="audits_to_draw"),
    path("loops/<int:loop_number>/audits/draw", audits.draw, name="draw_audit"),
    path("loops/<int:loop_number>/audits/close", audits.close, name="close_audit"),
]
