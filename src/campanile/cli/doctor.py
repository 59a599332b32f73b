"""`campanile doctor`: look at everything a campaign needs, and say what is amiss."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
import typer
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from campanile.agents.models import Agent
from campanile.agents.provisioning import missing_keys
from campanile.capacity.breaker_rows import sick
from campanile.cli.output import AsJson, console, print_json
from campanile.clock import now
from campanile.compliance.zones import STALE_AFTER, tzdata_age, zone_data
from campanile.config import settings
from campanile.db import transaction
from campanile.dialing.clock_guard import AHEAD_SECONDS
from campanile.dialing.ledger import Ledger
from campanile.dialing.reconcile import standing
from campanile.errors import CampanileError, Invalid, Unavailable
from campanile.leads.suppression_ledger import count_due
from campanile.media.transport import check_private_names
from campanile.results.hindrances import sentence
from campanile.telephony.janus import describe

CLOCKS_APART_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    detail: str


def doctor(as_json: AsJson = False) -> None:
    """Check database, queue, gateway, agents and this installation."""
    findings = [
        _look(name, check)
        for name, check in (
            ("installation", _installation),
            ("time zones", _time_zones),
            ("database", _database),
            ("queue", _queue),
            ("gateway", _gateway),
            ("agents", _agents),
            ("breakers", _breakers),
            ("dial ledger", _ledger),
            ("data folder", _data_folder),
        )
    ]
    if as_json:
        print_json([{"what": f.what, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        for f in findings:
            mark = "[green]ok[/]  " if f.ok else "[red]bad[/] "
            console.print(f"{mark} {f.what:<13} {f.detail}")
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


def _look(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except CampanileError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Finding(what, False, f"{error.message}{hint}")
    except (OperationalError, RedisError, OSError) as error:
        return Finding(what, False, str(error).splitlines()[0])


def _installation() -> str:
    check_private_names()
    return "the media library is the one that was tested"


def _time_zones() -> str:
    release, _ = zone_data()
    age = tzdata_age(now().date())
    if age is None or age <= STALE_AFTER:
        return f"release {release} of the time-zone data"
    # Told, not failed: it may be the newest there is.
    return (
        f"release {release} of the time-zone data may be {age.days} days old: "
        "update the package tzdata, or a country that changed its clocks is rung wrongly"
    )


def _database() -> str:
    with transaction() as session:
        version, moment = session.execute(
            sa.text("SELECT current_setting('server_version'), clock_timestamp()")
        ).one()
        apart = abs((moment - now()).total_seconds())
        revision = session.execute(
            sa.text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()
    if apart > CLOCKS_APART_SECONDS:
        raise Invalid(
            f"its clock and ours differ by {apart:.0f} s",
            hint="leases need NTP on both",
        )
    return f"PostgreSQL {version}, schema {revision}"


def _queue() -> str:
    if not settings().redis_url:
        raise Unavailable("no Redis is known", hint="start `campanile up`")
    with Redis.from_url(settings().redis_url) as client:
        return f"Redis {client.info('server').get('redis_version', '?')}"


def _gateway() -> str:
    if not settings().gateway_url:
        raise Unavailable(
            "no gateway is known",
            hint="start `campanile up`, or set CAMPANILE_GATEWAY_URL",
        )
    found = asyncio.run(describe(settings().gateway_url))
    wanted = settings().gateway_session_seconds
    if found.session_seconds > wanted:
        raise Invalid(
            f"{found.name} keeps silent sessions for {found.session_seconds:.0f} s",
            hint=f"set its session_timeout to {wanted:.0f}: it fences late workers",
        )
    return f"{found.name} {found.version}"


def _agents() -> str:
    with transaction() as session:
        rows = session.exec(select(Agent)).all()
    for row in rows:
        if missing := missing_keys(row.configuration()):
            raise Invalid(f"agent {row.name!r} cannot speak", hint=f"set {missing[0]}")
    return f"{len(rows)} can speak"


def _ledger() -> str:
    path = settings().ledger_path
    if not path.exists():
        return "none yet: nothing has been dialed, nobody suppressed"
    ledger = Ledger(path)
    try:
        newest = ledger.newest()
        with transaction() as session:
            read = standing(session, ledger.ledger_id).position
            missing = count_due(session, ledger_id=ledger.ledger_id)
    finally:
        ledger.close()
    if newest > now().timestamp() + AHEAD_SECONDS:
        raise Invalid(
            "its newest line lies in the future: nothing is dialed",
            hint="the clock was set back; set it right",
        )
    size = path.stat().st_size
    unwritten = f"; {missing} suppressions wait for the next start" if missing else ""
    return (
        f"{path}, {size:,} bytes, {read:,} of them held against the database{unwritten}"
    )


def _breakers() -> str:
    with transaction() as session:
        resting = [sentence(session, row) for row in sick(session)]
    if resting:
        raise Unavailable(" · ".join(resting), hint="see `campanile breaker list`")
    return "nothing rests after failures"


def _data_folder() -> str:
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".writable"
    probe.touch()
    probe.unlink()
    return str(folder)
