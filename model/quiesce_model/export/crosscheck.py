"""The exports, run by tools that are not ours, against what our own explorer says.

    python -m quiesce_model.export.crosscheck                 everything: some minutes
    python -m quiesce_model.export.crosscheck --only spin     one tool: spin, tlc
    python -m quiesce_model.export.crosscheck --json F        the rows as JSON, too

========================  =============================================================================
counts                    SPIN stores exactly the explorer's states, takes exactly its steps, breaks no claim;
                          TLC finds exactly the explorer's states, at exactly its depth
a known-bad protocol      fails in SPIN, too, and its shortest way there is as long as the explorer's
... that is a trap        SPIN reaches the trap in as many steps; started in it, it never sees ACTIVE
... that never ends       SPIN finds a cycle in which an upgrade never ends, under weak fairness; in the real ones, none
========================  =============================================================================

A trap is a matter of branching time (from here there is no way), which neither LTL nor an assertion can say of a whole
model; hence the two runs.  Exit code 0: all agree; 1: one does not; 2: one could not be finished or was skipped.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from quiesce_model import algorithm, protocol
from quiesce_model.explore import explore
from quiesce_model.export.promela import STARTS, Promela, state_is
from quiesce_model.export.spin import SpinError, SpinMissing, SpinRun, spin
from quiesce_model.export.tla import Tla, config
from quiesce_model.export.tlc import TlcError, TlcMissing, tlc
from quiesce_model.known_bad.catalogue import KnownBad, catalogue, upgrades_end, with_goal
from quiesce_model.language import Model, Sort
from quiesce_model.language.errors import ModelError
from quiesce_model.language.expr import Expr, const, eq, param, read, var
from quiesce_model.language.sorts import MapSort, Scope, members
from quiesce_model.vocabulary import HotReloadState, scope

__all__ = [
    "MODELS",
    "SCOPES",
    "Row",
    "at_rest",
    "breaks_in_promela",
    "checks",
    "count_in_spin",
    "count_in_tlc",
    "ends_in_spin",
    "ends_in_tlc",
    "fails_in_spin",
    "main",
    "module_name",
    "rare",
]

Verdict = Literal["agrees", "differs", "skipped", "unfinished"]

MODELS: tuple[type[Model], ...] = (*algorithm.POLICIES, *protocol.POLICIES)

SCOPES: dict[str, tuple[Mapping[type[Sort], int], ...]] = {
    "algorithm": (scope(1, 2, 2, 4, 2), scope(2, 1, 2, 4, 2), scope(2, 1, 3, 5, 3)),
    "protocol": (scope(2, 1, 2, 4, 2), scope(3, 1, 3, 5, 3), scope(2, 1, 4, 7, 4)),
}
"""Three for each model; the least first."""


ENDS = scope(1, 1, 2, 4, 2)
"""Where TLC is asked whether every upgrade ends: it takes long over that."""


@dataclass(frozen=True)
class Row:
    """One comparison: what we say, what they say."""

    tool: str
    model: str
    scope: str
    what: str
    ours: str
    theirs: str
    verdict: Verdict
    seconds: float

    def __bool__(self) -> bool:
        return self.verdict == "agrees"

    def __str__(self) -> str:
        head = f"{self.verdict:10} {self.tool:5} {self.model} ({self.scope}): {self.what}"
        return f"{head}: {self.ours}; {self.tool}: {self.theirs}; {self.seconds:.1f} s"


def module_name(model: type[Model]) -> str:
    """``quiesce_model.algorithm.Hold`` is ``AlgorithmHold``."""
    return f"{model.__module__.rpartition('.')[2].title()}{model.__name__}"


def at_rest(model: type[Model]) -> Expr:
    """Some upgrader, whichever, has come to the end of its operation (rule V1)."""
    sort = model.state_sorts()["up"]
    assert isinstance(sort, MapSort)
    idle = next(m for m in members(sort.value) if m.name == "IDLE")
    return eq(read(var("up", sort), param("u", sort.key)), const(idle))


def rare(model: type[Model], entry: KnownBad | None = None) -> list[str]:
    """What is taken finitely often if calls end (rule V1): a call does not nest for ever.

    :param entry: a known-bad protocol; nothing is assumed of one that breaks V2, which holds whatever calls do.
    """
    calls_end = entry is None or entry.breaks == "V1"
    return [a.name for a in model.actions() if a.name == "nest"] if calls_end else []


def show_scope(sizes: Scope) -> str:
    """A scope in one line."""
    return ", ".join(f"{n} {s.__name__}" for s, n in sizes.items())


def _row(tool: str, model: str, sizes: Scope, what: str, run: Callable[[], tuple[str, str]]) -> Row:
    began, verdict = monotonic(), "agrees"
    ours = theirs = ""
    try:
        ours, theirs = run()
        if ours != theirs:
            verdict = "differs"
    except (SpinMissing, TlcMissing) as error:
        theirs, verdict = str(error), "skipped"
    except (SpinError, TlcError) as error:
        theirs, verdict = str(error), "unfinished"
    return Row(tool, model, show_scope(sizes), what, ours, theirs, verdict, monotonic() - began)  # type: ignore[arg-type]  # one of the four words


def count_in_spin(model: type[Model], sizes: Scope) -> Row:
    """States and steps of a model that keeps its claims."""

    def run() -> tuple[str, str]:
        found = explore(model, sizes, deadlock=False, vacuity=False)
        theirs = spin(Promela(model, sizes).text())
        ours = f"{found.states} states, {found.edges} steps, {'no error' if found.violation is None else 'an error'}"
        end = "no error" if theirs.complete else theirs.error or "not complete"
        return ours, f"{theirs.states} states, {theirs.transitions - STARTS} steps, {end}"

    return _row("spin", module_name(model), sizes, "counts", run)


def count_in_tlc(model: type[Model], sizes: Scope) -> Row:
    """Distinct states and depth of a model that keeps its claims."""

    def run() -> tuple[str, str]:
        found = explore(model, sizes, deadlock=False, vacuity=False)
        module = Tla(model, module_name(model))
        theirs = tlc(module.text(), config(module, sizes), name=module.name)
        ours = f"{found.states} states, depth {found.depth}, {'no error' if found.violation is None else 'an error'}"
        end = "no error" if not theirs.violated else theirs.violated
        return ours, f"{theirs.distinct} states, depth {(theirs.depth or 0) - 1}, {end}"

    return _row("tlc", module_name(model), sizes, "counts", run)


def ends_in_spin(model: type[Model], sizes: Mapping[type[Sort], int], *, entry: KnownBad | None = None) -> Row:
    """Whether every upgrade ends, under weak fairness, if a call nests finitely often.

    :param entry: a known-bad protocol, of which both must say that some upgrade does not end.
    """
    seldom = rare(model, entry)

    def run() -> tuple[str, str]:
        found = upgrades_end(model, sizes, calls_end=entry is None or entry.breaks == "V1")
        text = Promela(model, sizes, claims=(), asserts="block", ends=at_rest(model), finitely=seldom).text()
        theirs = spin(text, liveness=True)
        end = "no cycle" if theirs.complete else theirs.error or "not complete"
        ours = "no cycle" if found.holds else "acceptance cycle"
        return ours if entry is None or not found.holds else f"{ours}, expected one", end

    return _row("spin", module_name(model) if entry is None else entry.name, sizes, "every upgrade ends", run)


def ends_in_tlc(model: type[Model], sizes: Mapping[type[Sort], int], *, entry: KnownBad | None = None) -> Row:
    """The same in TLC, where fairness and goal are formulas and not processes."""

    def run() -> tuple[str, str]:
        found = upgrades_end(model, sizes, calls_end=entry is None or entry.breaks == "V1")
        module = Tla(model, "Ends", ends=at_rest(model), finitely=rare(model, entry))
        theirs = tlc(module.text(), config(module, sizes, liveness=True), name=module.name)
        return "no cycle" if found.holds else "a cycle", "a cycle" if theirs.violated else "no cycle"

    return _row("tlc", module_name(model) if entry is None else entry.name, sizes, "every upgrade ends", run)


def fails_in_spin(entry: KnownBad) -> Row:
    """Whether a known-bad protocol fails in SPIN as it does in the explorer."""
    if entry.kind == "liveness":
        return ends_in_spin(entry.model, entry.scope, entry=entry)
    run = _trap if entry.kind == "trap" else _breaks
    return _row("spin", entry.name, entry.scope, f"{entry.breaks}: {entry.claim}", lambda: run(entry))


def breaks_in_promela(entry: KnownBad, head: Collection[str] = ()) -> Promela:
    """A known-bad protocol as Promela, with the claim that it breaks and no other, and what SPIN says of it."""
    claims = entry.model.claims("invariant", "theorem", "transition")
    about = [*head, "", f"{entry.name}: breaks {entry.breaks} ({entry.claim}).", *textwrap.wrap(entry.story, 100), ""]
    run = "gcc -O2 -DNOREDUCE -DVECTORSZ=4096"
    if entry.kind == "liveness":
        about.append(f"Acceptance cycle:  spin -DLIVENESS -a F; {run} -DNFAIR=3 -o pan pan.c; ./pan -a -f")
        return Promela(
            entry.model,
            entry.scope,
            claims=(),
            asserts="block",
            ends=at_rest(entry.model),
            finitely=rare(entry.model, entry),
            head=about,
        )
    if entry.kind == "trap":
        about += ["Starts in the trap.  No error is right: from here, neither ACTIVE nor the scope's edge is reached:"]
        about += [f"spin -a F; {run} -DSAFETY -DBFS -o pan pan.c; ./pan -E"]
        return _from_the_trap(entry, _trap_of(entry), about)
    about.append(f"Assertion violated after {entry.steps} steps:")
    about.append(f"spin -a F; {run} -DSAFETY -DBFS -o pan pan.c; ./pan -E")
    named = entry.claim in claims
    return Promela(
        entry.model,
        entry.scope,
        claims=[entry.claim] if named else (),
        asserts="block" if named else "judge",
        head=about,
    )


def _breaks(entry: KnownBad) -> tuple[str, str]:
    claims = entry.model.claims("invariant", "theorem", "transition")
    named = entry.claim in claims
    found = spin(breaks_in_promela(entry).text(), shortest=True)
    looks = named and claims[entry.claim].role != "transition"  # the monitor's own step is one more
    return f"assertion violated after {entry.steps} steps", _failure(found, looks)


def _failure(found: SpinRun, looks: bool) -> str:
    if not found.errors:
        return "no error" if found.complete else "not complete"
    return f"{found.error} after {len(found.steps) - looks} steps"


def _trap_of(entry: KnownBad) -> Mapping[str, Any]:
    """The state from which there is no way back."""
    goal = ["active_is_reached"]
    found = explore(
        with_goal(entry.model), entry.scope, claims=goal, always_reachable=goal, deadlock=False, vacuity=False
    ).violation
    if found is None or found.kind != "trap":
        raise ModelError(f"{entry.name}: expected a trap, the explorer finds {found}")
    return found.trace[-1].state


def _from_the_trap(entry: KnownBad, state: Mapping[str, Any], head: Collection[str] = ()) -> Promela:
    """The model, started in the trap; it must not reach ACTIVE, nor the scope's edge, beyond which nobody knows."""
    active = eq(var("state", HotReloadState), const(HotReloadState.ACTIVE))
    never = {"ACTIVE": active, "the_edge": Promela(entry.model, entry.scope, claims=()).edge_of_scope()}
    return Promela(entry.model, entry.scope, claims=(), asserts="block", start=state, never=never, head=head)


def _trap(entry: KnownBad) -> tuple[str, str]:
    end = _trap_of(entry)
    here = {"here": state_is(entry.model, end)}
    there = spin(Promela(entry.model, entry.scope, claims=(), asserts="block", never=here).text(), shortest=True)
    beyond = spin(_from_the_trap(entry, end).text(), shortest=True)
    ours = f"reached: assertion violated after {entry.steps} steps; from there: no error"
    return ours, f"reached: {_failure(there, looks=True)}; from there: {_failure(beyond, looks=True)}"


def checks(only: str | None = None) -> Iterator[Callable[[], Row]]:
    """Everything there is to compare, as things to be called."""
    if only in {None, "spin"}:
        for model in MODELS:
            for sizes in SCOPES[model.__module__.rpartition(".")[2]]:
                yield lambda m=model, s=sizes: count_in_spin(m, s)  # type: ignore[misc]  # bound early
        for model in algorithm.POLICIES:
            for sizes in SCOPES["algorithm"][:2]:
                yield lambda m=model, s=sizes: ends_in_spin(m, s)  # type: ignore[misc]  # bound early
        for entry in catalogue():
            yield lambda e=entry: fails_in_spin(e)  # type: ignore[misc]  # bound early
    if only in {None, "tlc"}:
        for model in MODELS:
            for sizes in SCOPES[model.__module__.rpartition(".")[2]]:
                yield lambda m=model, s=sizes: count_in_tlc(m, s)  # type: ignore[misc]  # bound early
        for model in algorithm.POLICIES:
            yield lambda m=model: ends_in_tlc(m, ENDS)  # type: ignore[misc]  # bound early
        for entry in catalogue():
            if entry.kind == "liveness" and entry.model.__module__.endswith("drain"):
                yield lambda e=entry: ends_in_tlc(e.model, e.scope, entry=e)  # type: ignore[misc]  # bound early


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m quiesce_model.export.crosscheck", description=__doc__)
    parser.add_argument("--only", choices=("spin", "tlc"), help="one tool")
    parser.add_argument("--json", type=Path, metavar="F", help="write the rows to this file, too")
    options = parser.parse_args(arguments)
    rows = []
    for check in checks(options.only):
        rows.append(check())
        _say(str(rows[-1]))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1) + "\n", encoding="utf-8")
    counts = {word: sum(r.verdict == word for r in rows) for word in ("agrees", "differs", "unfinished", "skipped")}
    _say(", ".join(f"{n} {word}" for word, n in counts.items()))
    return 1 if counts["differs"] else 2 if counts["unfinished"] or counts["skipped"] else 0


if __name__ == "__main__":
    sys.exit(main())
