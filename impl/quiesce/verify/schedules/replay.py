"""Running a schedule again, from its text.

    from quiesce.verify.schedules.replay import replay

    def test_the_old_defect() -> None:
        replay("a: announce | u: .. | a: ..", configuration="continue/swap")

A schedule's text names points and not positions (`quiesce_conformance.schedules.text`), so it survives edits of what it
does not name.
"""

from __future__ import annotations

from quiesce_conformance.schedules import (
    DoesNotFit,
    Engine,
    Execution,
    causal_slice,
    chooser_from_text,
    schedule_to_text,
    shrink,
    text_diagram,
)

from .configuration import Configuration
from .configurations import find
from .tally import Seen

__all__ = ["ScheduleFailed", "explain", "replay", "rerun", "simplest"]


class ScheduleFailed(AssertionError):
    """A schedule that was run again ended as it must not."""

    def __init__(self, configuration: Configuration, execution: Execution) -> None:
        super().__init__(f"{configuration.name}: {execution.ending}\nschedule: {schedule_to_text(execution)}")
        self.execution = execution


def rerun(
    configuration: Configuration, text: str, *, engine: Engine | None = None, seen: Seen | None = None
) -> Execution:
    """Run a configuration as the text says, whatever comes of it.

    Raises:
        ScheduleSyntaxError: the text is no schedule, or names a thread that the configuration does not have; says
            where.  Nothing was run.
        DoesNotFit: the configuration does not do what the text says; says where.

    """
    mine = Engine() if engine is None else engine
    threads = [script.name for script in configuration.scripts]
    chooser = chooser_from_text(text, threads=threads, state=mine.state_of)
    execution = configuration.run(mine, chooser, Seen() if seen is None else seen)
    undone = chooser.undone
    if undone is not None and not execution.failed:
        where = f"the segment '{undone}' at column {undone.column}"
        raise DoesNotFit(f"the execution was over ({execution.ending}) before all of {where} was done\n  {text}")
    return execution


def replay(text: str, *, configuration: str, times: int = 1) -> Execution:
    """Run a schedule again and expect it to end well: one line in a test.

    Args:
        text: the schedule.
        configuration: its name, such as ``hold/cancel`` or ``hold/cancel@2x2``.
        times: how often; every execution has to be the same.

    Raises:
        ScheduleFailed: it ended as it must not.
        UnknownConfiguration: there is none of that name.
        ScheduleSyntaxError, DoesNotFit: as `rerun`.

    """
    found = find(configuration)
    with Engine() as engine:
        first = rerun(found, text, engine=engine)
        for _ in range(times - 1):
            again = rerun(found, text, engine=engine)
            if again.choices != first.choices or str(again.ending) != str(first.ending):
                raise AssertionError(f"{found.name}: the same schedule went another way: {again.ending}")
    if first.failed:
        raise ScheduleFailed(found, first)
    return first


def simplest(configuration: Configuration, execution: Execution, *, max_seconds: float = 20.0) -> Execution:
    """The simplest schedule that was found to fail in the same way."""
    with Engine() as engine:
        seen = Seen()
        return shrink(lambda c: configuration.run(engine, c, seen), execution, max_seconds=max_seconds).execution


def explain(execution: Execution, *, whole: bool = False) -> tuple[str, str]:
    """The schedule's text, and a sequence diagram: of what led to its failure, or of the whole."""
    steps = causal_slice(execution) if execution.failed and not whole else None
    return schedule_to_text(execution), text_diagram(execution, steps)
