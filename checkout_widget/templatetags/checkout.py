"""What the fragments show, as the active language writes it: `{% load checkout %}`.

{{ offer.total|money }}                          €412.30     412,30 €     € 412,30
{{ segment.departing|day }}                      Tue, 12 Jan 2027
{{ person.birth_date|plain_day }}               12 Jan 2027
{{ segment.departing|clock_time }}               07:05
{{ segment.departing|moment }}                   2027-01-12T07:05, for <time datetime="…">
{{ slice.duration_minutes|duration }}            3 h 5 min
{{ segment.arriving|day_offset:slice_departs }}  +1, or nothing on the same day
{{ segment.arriving|days_later:slice_departs }}  1 day later: the same for who cannot see it
{{ flight.origin|city:flight.departing }}        Lisbon, Lissabon
{{ offer.owner_carrier|airline }}                KLM
{{ slot.type|traveler }}                         Adult
{{ slice.cabin|cabin }}                          Economy
{{ method|card }}                                Visa •••• 4242
{{ method|expiry }}                              05/31
{{ refusal|explained }}                          what happened, whether money moved, what next
"""

from django import template

from checkout_widget import words, written
from movmo.kit.errors import DomainError

register = template.Library()

for how in (
    written.money,
    written.day,
    written.plain_day,
    written.clock_time,
    written.moment,
    written.duration,
    written.day_offset,
    written.days_later,
    written.city,
    written.airline,
    written.traveler,
    written.cabin,
    written.card,
    written.expiry,
):
    register.filter(how.__name__, how)


@register.filter
def explained(refusal: DomainError) -> str:
    return words.of(refusal)
