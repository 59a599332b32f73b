"""The live picture of a campaign: where its leads are, and how fast it goes."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from campanile.results.progress import Progress


def live_table(state: Progress) -> RenderableType:
    """One screen; the same for `campaign watch`, `campaign status` and the demo."""
    counts = Table(box=None, padding=(0, 3, 0, 0))
    columns = (
        ("waiting", state.waiting, "white"),
        ("dialing", state.dialing, "cyan"),
        ("ringing", state.ringing, "yellow"),
        ("talking", state.talking, "bold green"),
        ("done", state.done, "blue"),
    )
    for name, _, style in columns:
        counts.add_column(name, justify="right", style=style)
    counts.add_row(*(str(count) for _, count, _ in columns))
    pace = Table.grid(padding=(0, 3, 0, 0))
    pace.add_row(
        f"answer rate {state.answer_rate:.0%}",
        f"{state.calls_per_second:.1f} calls/s",
        f"time left {_duration(state.seconds_left)}",
    )
    outcomes = Text(
        "   ".join(f"{name} {count}" for name, count in state.dispositions.items()),
        style="dim",
    )
    head = Text.assemble((state.name, "bold"), f"  {state.status}  {state.leads} leads")
    bar = ProgressBar(total=max(1, state.leads), completed=state.done, width=60)
    warnings = [Text(sentence, style="yellow") for sentence in state.hindrances]
    return Group(head, bar, counts, pace, outcomes, *warnings)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
