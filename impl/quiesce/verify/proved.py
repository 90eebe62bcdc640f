"""The proof, asked for: which obligations, of which model, what both solvers said, and what follows for each rule.

An obligation counts as confirmed only if every solver that was asked for and can read it says so.  A counterexample of
any of them refutes it; anything else (unknown, out of time, a process that died, an interrupt) is unfinished.

``quiesce_model.prove.prove`` is the same for programs: it gives all answers or raises.  An `Attempt` keeps what was
answered when somebody interrupts, or when a solver fails again and again and there is no use in going on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quiesce_model import algorithm, protocol
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import Model
from quiesce_model.prove import Answer, Obligation, ProveError, Solver, check, induction, proof
from quiesce_model.prove.counting import lemmas
from quiesce_model.prove.liveness import ranking
from quiesce_model.prove.refinement import lemma, refinement
from quiesce_model.prove.solvers import SolverMissingError, available
from quiesce_model.rules import rules

from .evidence import Finding, Standing

__all__ = ["LIMIT", "SOLVERS", "Attempt", "Proved", "choose", "named", "obligations", "prove"]

SOLVERS = ("z3", "cvc5")
LIMIT = 10.0
"""Seconds for one question; longer counts as no answer."""
PATIENCE = 3
"""So many failures of a solver's process in a row, and the rest is not asked any more."""


# -- what there is to prove -----------------------------------------------------------------------------------------
def obligations(models: Iterable[type[Model]] | None = None) -> list[Obligation]:
    """All obligations: of both models under each policy, or of these models.

    A model that is the algorithm, or a mutant of it, has its refinement of the protocol and its ranks besides the
    inductive argument.

    Raises:
        ModelError: a model cannot be read, or not be turned into formulas.

    """
    if models is None:
        return proof.obligations()
    found: list[Obligation] = [*lemmas(), lemma()]
    for model in models:
        found += induction(model)
        if issubclass(model, algorithm.Algorithm):
            abstract = next(p for p in protocol.POLICIES if p.policy == model.policy)
            found += [*refinement(model, abstract), *ranking(model)]
    return found


def named(name: str) -> type[Model]:
    """The model of this name: ``algorithm.Hold``, ``protocol.Hold``, or a known-bad protocol's.

    Raises:
        ProveError: there is none.

    """
    known: dict[str, type[Model]] = {f"algorithm.{m.__name__}": m for m in algorithm.POLICIES}
    known |= {f"protocol.{m.__name__}": m for m in protocol.POLICIES}
    known |= {entry.name: entry.model for entry in catalogue()}
    if name not in known:
        close = [k for k in known if name.lower() in k.lower()] or sorted(known)
        raise ProveError(f"expected the name of a model, got {name!r}; there are {', '.join(close)}")
    return known[name]


def choose(found: Sequence[Obligation], only: str) -> list[Obligation]:
    """The obligations for a rule, of a kind, or about an action or a claim.

    Raises:
        ProveError: there is none.

    """
    words = {o.kind for o in found} | {o.action for o in found} | {o.claim for o in found}
    if only not in rules() and only not in words:
        raise ProveError(
            f"expected the id of a rule, a kind of obligation, an action or a claim, got {only!r}; "
            f"kinds: {', '.join(sorted({o.kind for o in found}))}"
        )
    chosen = [o for o in found if only in {*o.rules, o.kind, o.action, o.claim}]
    if not chosen:
        raise ProveError(f"rule {only} ({rules()[only].title}) has no obligation: it is shown by other means")
    return chosen


# -- what came of it ------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Proved:
    """One obligation, and what each solver said of it."""

    obligation: Obligation
    wanted: tuple[str, ...]
    """The solvers that were to be asked; those of them that can read it."""
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def standing(self) -> Standing:
        """BROKEN if a solver refutes it, HOLDS if all confirm it, else UNFINISHED."""
        if any(a.refutes for a in self.answers.values()):
            return Standing.BROKEN
        done = all(name in self.answers and self.answers[name].confirms for name in self.wanted)
        return Standing.HOLDS if done and self.wanted else Standing.UNFINISHED

    @property
    def why(self) -> str:
        """What keeps it from being confirmed."""
        missing = [n for n in self.wanted if n not in self.answers]
        parts = [str(a) for a in self.answers.values() if not a.confirms]
        if missing:
            parts.append(f"{self.obligation.name}: no answer of {' and '.join(missing)}")
        return "; ".join(parts)


@dataclass(slots=True)
class Attempt:
    """All obligations that were asked for, with their answers."""

    rows: list[Proved]
    solvers: Mapping[str, str]
    """Name to version."""
    seed: int | None = None
    seconds: float = 0.0
    whole: bool = True
    """Whether these are all obligations of a model."""
    ended: str = ""
    """Why it ended before everything was asked, if it did."""
    not_asked: list[Obligation] = field(default_factory=list)
    """What none of these solvers can read: lemmas on finite sets, where cvc5 is not among them."""

    @property
    def standing(self) -> Standing:
        """Of all obligations together; nothing asked is nothing proved."""
        standing = Standing.worst(row.standing for row in self.rows)
        return Standing.UNFINISHED if self.ended and standing is Standing.HOLDS else standing

    def of_rule(self, rule: str) -> list[Proved]:
        """The obligations that are evidence for a rule."""
        return [row for row in self.rows if rule in row.obligation.rules]

    def argument(self) -> list[Proved]:
        """The obligations that bear no rule's id: what the promises stand on, besides each other."""
        return [row for row in self.rows if not row.obligation.rules]

    def verdict(self, rows: Sequence[Proved]) -> str:
        """What may be said of some of the obligations: ``proved``, ``confirmed``, ``broken`` or ``unfinished``.

        An inductive argument is proved whole or not at all, since the invariants carry each other: where anything is
        open, or was not asked for, or not asked of both solvers, what was confirmed is confirmed and no more.
        """
        own = Standing.worst(row.standing for row in rows)
        if own is not Standing.HOLDS:
            return own.name.lower()
        both = set(SOLVERS) <= set(self.solvers)
        return "proved" if both and self.whole and self.standing is Standing.HOLDS else "confirmed"

    def open(self) -> list[Proved]:
        """The obligations that are not confirmed: the refuted ones first."""
        return sorted((r for r in self.rows if r.standing is not Standing.HOLDS), key=lambda r: r.standing.value)

    def findings(self) -> Iterator[Finding]:
        """The same, as evidence about rules; where anything is open, what was only confirmed is unfinished."""
        for rule in rules():
            rows = self.of_rule(rule)
            if not rows:
                continue
            own = Standing.worst(row.standing for row in rows)
            standing = own if own is not Standing.HOLDS or self.verdict(rows) == "proved" else Standing.UNFINISHED
            first = next((row for row in rows if row.standing is own and own is not Standing.HOLDS), None)
            why = (
                ""
                if standing is Standing.HOLDS
                else first.why
                if first
                else "confirmed, but not all that it stands on is"
            )
            yield Finding(
                rule,
                "proved",
                standing,
                len(rows),
                "obligations",
                f"{' and '.join(self.solvers)}, any number of threads, versions and upgrades",
                sum(a.seconds for row in rows for a in row.answers.values()),
                counterexamples=(why,) if standing is Standing.BROKEN else (),
                why="" if standing is Standing.HOLDS else why,
            )


def prove(
    asked: Sequence[Obligation],
    solvers: Sequence[str | Solver] = SOLVERS,
    *,
    seed: int | None = None,
    limit: float = LIMIT,
    workers: int = 2,
    cores: bool = False,
    whole: bool = True,
    progress: Callable[[int, int, Answer], object] = lambda *_: None,
) -> Attempt:
    """Ask the solvers; an interrupt ends it, and what is open then stays unfinished.

    Args:
        asked: the obligations.
        solvers: names, or solvers of one's own.
        seed: of the solvers' random choices.
        limit: seconds for one question.
        workers: how many questions are under way at once.
        cores: find out, too, which hypotheses are needed.
        whole: whether these are all obligations of a model: only then they may prove a rule.
        progress: how many answers there are, of how many, and the last of them.

    Raises:
        SolverMissingError: a solver is not installed, or too old.
        ProveError: no solver of that name.

    """
    chosen = [available([s])[0] if isinstance(s, str) else s for s in solvers]
    names = {s.name for s in chosen}
    legible = [o for o in dict.fromkeys(asked) if names & set(o.solvers) or any(not s.package for s in chosen)]
    rows = {o: Proved(o, tuple(s.name for s in chosen if not s.package or s.name in o.solvers)) for o in legible}
    versions = {s.name: s.version() if s.package else "?" for s in chosen}
    attempt = Attempt(list(rows.values()), versions, seed, whole=whole, not_asked=[o for o in asked if o not in rows])
    total, done = sum(len(row.wanted) for row in attempt.rows), 0
    failed: Counter[str] = Counter()
    began = time.monotonic()

    def note(answer: Answer) -> None:
        nonlocal done
        if answer.solver in names:
            done += 1
            rows[answer.obligation].answers[answer.solver] = answer
            progress(done, total, answer)
        failed[answer.solver] = failed[answer.solver] + 1 if answer.verdict == "died" or _silent(answer) else 0
        if failed[answer.solver] >= PATIENCE:
            raise _NoUseError(f"{answer.solver} failed {PATIENCE} times in a row; the last time: {answer.reason}")

    try:
        for questions, asking in _rounds(legible, chosen):
            check(questions, asking, limit, workers, seed, note, cores=cores)
    except KeyboardInterrupt:
        attempt.ended = "interrupted"
    except _NoUseError as failure:
        attempt.ended = str(failure)
    attempt.seconds = time.monotonic() - began
    return attempt


class _NoUseError(Exception):
    """A solver that fails again and again: asking on would only take time."""


def _silent(answer: Answer) -> bool:
    """Whether the solver had to be killed, not even keeping its own time limit."""
    return answer.verdict == "timeout" and answer.reason.startswith("killed")


def _rounds(asked: list[Obligation], chosen: list[Solver]) -> Iterator[tuple[list[Obligation], list[Solver]]]:
    """Who is asked what.  Where quantifiers alternate z3 needs cvc5 to say which hypotheses to use, if it is there."""
    alternating = [o for o in asked if o.by_core]
    if not alternating or {s.name for s in chosen} != {"z3"}:
        yield asked, chosen
        return
    yield [o for o in asked if not o.by_core], chosen
    try:
        helper = available(["cvc5"])
    except SolverMissingError:
        helper = []
    yield alternating, [*chosen, *helper]
