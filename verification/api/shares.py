"""Shares with their intervals, as several answers of the API hold them."""

from typing import Any

from rest_framework import serializers

from verification.selectors.gold_scores import Score


class ShareSerializer(serializers.Serializer[Any]):
    """An estimate with its 95 % interval, all from 0 to 1."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    items = serializers.IntegerField(help_text="What it rests on.")
    is_told = serializers.BooleanField(help_text="False: too few items to say anything.")


class ScoreSerializer(serializers.Serializer[Any]):
    """`right` of `judged` decisions, with Wilson's 95 % interval; null where nothing was judged."""

    right = serializers.IntegerField()
    judged = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


def score_facts(score: Score) -> dict[str, Any]:
    low, high = score.interval if score.judged else (None, None)
    return {"right": score.right, "judged": score.judged, "share": score.share, "low": low, "high": high}
