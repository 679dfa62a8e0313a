"""`{{ amount|money:project.currency }}`: "$8.49", "8.49 CHF"."""

from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@register.filter
def money(amount: Decimal | float, currency: str) -> str:
    """The amount with two decimals and its currency's sign, or its code after a no-break space."""
    cents = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    figure = number_format(abs(cents), decimal_pos=2, force_grouping=True)
    minus = "−" if cents < 0 else ""
    sign = SIGNS.get(currency)
    return f"{minus}{sign}{figure}" if sign else f"{minus}{figure}\N{NO-BREAK SPACE}{currency}"
