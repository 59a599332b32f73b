"""The options that `campaign create` and `campaign set` share.

All are text until the model reads them, so that one `none` clears what may be empty, and
so that what is wrong is said in the model's words, once.
"""

from datetime import date, datetime, time
from typing import Annotated, Any

import typer
from sqlmodel import Session, select

from campanile.campaigns.weekly import parse_weekly
from campanile.errors import Invalid, NotFound
from campanile.numbers.models import PhoneNumber
from campanile.numbers.phones import parse

NOTHING = "none"


def _option(*names: str, help: str) -> Any:
    return typer.Option(*names, help=help, show_default=False)


Text = str | None
Start = Annotated[Text, _option("--start", help="Daily, in --timezone (09:00).")]
End = Annotated[Text, _option("--end", help="Daily (17:00); may be past midnight.")]
Timezone = Annotated[Text, _option("--timezone", help="IANA (Europe/Amsterdam).")]
Hours = Annotated[
    Text,
    _option("--hours", help='Per weekday: "mon-fri 09:00-17:00, sat 10:00-14:00".'),
]
From = Annotated[Text, _option("--from", help="First day of calling, 2026-12-01.")]
Until = Annotated[Text, _option("--until", help="Last day of calling, included.")]
Concurrent = Annotated[Text, _option("--concurrent", help="Calls at once (10).")]
Attempts = Annotated[Text, _option("--attempts", help="Per lead, at most (3).")]
RetryDelay = Annotated[
    Text, _option("--retry-delay", help="Seconds before the next try (3600).")
]
RingTimeout = Annotated[
    Text, _option("--ring-timeout", help="Seconds to let it ring (30).")
]
Subject = Annotated[
    Text, _option("--subject", help="What it is about; caps on a subject count it.")
]
Region = Annotated[
    list[str] | None,
    typer.Option("--region", help="Ring this country only, as US; repeatable."),
]
ConsentRequired = Annotated[
    bool | None,
    typer.Option(
        "--consent-required/--no-consent-required",
        help="Ring only leads whose consent is on record.",
        show_default=False,
    ),
]
Per24h = Annotated[
    Text, _option("--max-per-24h", help="Calls to one number, over all campaigns.")
]
PerDay = Annotated[Text, _option("--max-per-day", help="The same, per calendar day.")]
PerWeek = Annotated[Text, _option("--max-per-week", help="The same, Monday to Sunday.")]
Lifetime = Annotated[Text, _option("--max-lifetime", help="The same, ever.")]
Minutes = Annotated[Text, _option("--max-minutes", help="Of conversation, in all.")]
MinutesPerDay = Annotated[
    Text, _option("--max-minutes-per-day", help="Of conversation, per day.")
]
Spend = Annotated[Text, _option("--max-spend", help="In all, by --cost-per-minute.")]
SpendPerDay = Annotated[Text, _option("--max-spend-per-day", help="Per day.")]
CostPerMinute = Annotated[
    Text, _option("--cost-per-minute", help="What a minute costs, as 0.12.")
]
CallerId = Annotated[
    Text, _option("--caller-id", help="Which of `number list` to call from.")
]

_PLAIN = {
    "timezone": "timezone",
    "concurrent": "max_concurrent",
    "attempts": "max_attempts",
    "retry_delay": "retry_delay_seconds",
    "ring_timeout": "ring_timeout_seconds",
    "subject": "subject",
    "consent_required": "consent_required",
    "per_24h": "max_calls_per_24h",
    "per_day": "max_calls_per_day",
    "per_week": "max_calls_per_week",
    "lifetime": "max_calls_lifetime",
    "minutes": "max_minutes",
    "minutes_per_day": "max_minutes_per_day",
    "spend": "max_spend",
    "spend_per_day": "max_spend_per_day",
    "cost_per_minute": "cost_per_minute",
}


def campaign_values(session: Session, options: dict[str, Any]) -> dict[str, Any]:
    """The campaign's fields that were given, for its create or update shape. Raises
    Invalid with a sentence."""
    given = {
        name: None if value == NOTHING else value
        for name, value in options.items()
        if value is not None
    }
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in _PLAIN:
            values[_PLAIN[name]] = value
        elif name in ("start", "end"):
            values[f"schedule_{name}_time"] = _time_of_day(value)
        elif name in ("from_", "until"):
            field = "start_date" if name == "from_" else "end_date"
            values[field] = None if value is None else _day(value)
        elif name == "hours":
            values["weekly_hours"] = None if value is None else _week(value)
        elif name == "region":
            values["regions"] = None if value == [NOTHING] else value
        elif name == "caller_id":
            values["number_id"] = None if value is None else _number(session, value)
    return values


def _time_of_day(text: str | None) -> time:
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            return datetime.strptime(text or "", form).time()  # noqa: DTZ007  wall time
        except ValueError:
            continue
    raise Invalid(f"{text!r} is no time of day", hint="write it as 09:00")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            f"{text!r} is no day of the calendar", hint="write it as 2026-12-31"
        ) from error


def _week(text: str) -> dict[str, list[str] | None]:
    try:
        return parse_weekly(text)
    except ValueError as error:
        raise Invalid(
            str(error), hint='write "mon-fri 09:00-17:00, sat 10:00-14:00"'
        ) from error


def _number(session: Session, text: str) -> Any:
    e164 = parse(text).e164
    row = session.exec(
        select(PhoneNumber).where(PhoneNumber.phone_number == e164)
    ).first()
    if row is None:
        raise NotFound(f"{e164} is none of ours", hint="see `campanile number list`")
    return row.id
