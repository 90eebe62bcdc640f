"""Ask z3 and cvc5, each in a child process that is killed at its limit.

A solver may hang where it promised to stop, or die.  Neither may stop the others, and neither may pass for an answer:
what is not ``unsat`` (``sat`` for a non-vacuity check) is unfinished, never green.

Obligations with the same hypotheses are asked one after the other in one session, which is several times faster than
one by one.  Whatever a session does not confirm is asked once more, alone and in a fresh solver, with all the time that
there is; that second answer counts.

Where quantifiers alternate, z3 wanders; cvc5 does not.  There cvc5 is asked first, and z3 is given the hypotheses that
cvc5 needed: fewer hypotheses prove more, so z3's ``unsat`` still confirms the whole.  Each of the two makes its own
proof.

Rejected: threads (a solver in a thread cannot be stopped); one process for each question (starting one costs a hundred
times what a question does); ``multiprocessing`` (imports the caller's main module again).
"""

from __future__ import annotations

import importlib.metadata
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from quiesce_model.prove.children import Child, Question, Reply, Verdict
from quiesce_model.prove.obligation import GIVEN, Obligation
from quiesce_model.prove.smt import ProveError

__all__ = ["SOLVERS", "Answer", "Solver", "SolverMissingError", "Verdict", "available", "check"]

_IN_SESSION = 2.0
"""Seconds that a question may take in a session, before it is asked alone."""


class SolverMissingError(ProveError):
    """A solver is not installed, or is too old: which, what was found, and what to install."""


@dataclass(frozen=True)
class Solver:
    """A solver, and how it is started.

    ``command`` starts a process that speaks ``worker``'s lines; ``package`` is what it comes in, empty for none.
    """

    name: str
    package: str = ""
    least: tuple[int, ...] = ()
    command: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """The installed version.

        Raises:
            SolverMissingError: not installed, or older than ``least``.

        """
        wanted = f"{self.package}>={'.'.join(map(str, self.least))}"
        advice = f"run: {sys.executable} -m pip install '{wanted}'"
        try:
            found = importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError as error:
            raise SolverMissingError(f"{self.name}: expected {wanted}, found none; {advice}") from error
        if _numbers(found) < self.least:
            raise SolverMissingError(f"{self.name}: expected {wanted}, found {found}; {advice}")
        return found


def _numbers(version: str) -> tuple[int, ...]:
    out: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        out.append(int(digits))
    return tuple(out)


_WORKER = str(Path(__file__).with_name("worker.py"))
SOLVERS: dict[str, Solver] = {
    "z3": Solver("z3", "z3-solver", (4, 13), (sys.executable, _WORKER, "z3")),
    "cvc5": Solver(
        "cvc5",
        "cvc5",
        (1, 2),
        (sys.executable, _WORKER, "cvc5"),
        # A third faster on these obligations; it proves them without, too (measured on the 1,717 of one policy).
        {"miniscope-quant": "off", "relevant-triggers": "true"},
    ),
}


@dataclass(frozen=True)
class Answer:
    """What a solver said of an obligation.

    ``seconds`` is the solver's own time.  ``core`` names the hypotheses that it needed, where it was asked for them.
    ``model`` is the counterexample (or the witness) as SMT-LIB text.  ``reason`` says why there is no verdict.
    ``hypotheses`` is how many it was given, if not all.
    """

    obligation: Obligation
    solver: str
    verdict: Verdict
    seconds: float
    core: tuple[str, ...] | None = None
    model: str | None = None
    reason: str = ""
    hypotheses: int | None = None

    @property
    def confirms(self) -> bool:
        """Whether it is the answer that the obligation waits for."""
        return self.verdict == self.obligation.expects

    @property
    def refutes(self) -> bool:
        """Whether it is the opposite; else it is unfinished."""
        return self.verdict in {"sat", "unsat"} and not self.confirms

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.obligation.name}: {self.solver} says {self.verdict}{why} after {self.seconds:.2f} s"


def available(names: Iterable[str]) -> list[Solver]:
    """The solvers of these names, each installed and recent enough.

    Raises:
        SolverMissingError: one is not.
        ProveError: an unknown name, or none at all.

    """
    chosen = list(names)
    if not chosen:
        raise ProveError(f"expected at least one solver out of {', '.join(SOLVERS)}, got none")
    for name in chosen:
        if name not in SOLVERS:
            raise ProveError(f"expected a solver out of {', '.join(SOLVERS)}, got {name!r}")
        SOLVERS[name].version()
    return [SOLVERS[name] for name in chosen]


def check(
    obligations: Iterable[Obligation],
    solvers: Sequence[str | Solver] = ("z3", "cvc5"),
    limit_seconds: float = 10.0,
    workers: int = 2,
    seed: int | None = None,
    progress: Callable[[Answer], object] | None = None,
    *,
    cores: bool = False,
) -> list[Answer]:
    """Ask each solver about each obligation that it can read.

    :param limit_seconds: for one question; a child that is still at it a second later is killed.
    :param workers: how many questions are under way at once.
    :param seed: of both solvers' random choices; None: their own.
    :param progress: called in this thread with each answer, in the order of arrival.
    :param cores: ask cvc5 for the needed hypotheses of every obligation, not only where z3 is given them.
    :returns: the answers in the order of the obligations, and for each in the order of the solvers.

    Raises:
        SolverMissingError: a solver is not installed, or too old.
        ProveError: no solver or one twice, a limit or a number of workers that is not above 0.

    """
    if not limit_seconds > 0 or workers < 1:
        raise ProveError(f"expected a limit and a number of workers above 0, got {limit_seconds} s and {workers}")
    chosen = [available([s])[0] if isinstance(s, str) else s for s in solvers]
    order = {s.name: n for n, s in enumerate(chosen)}
    if not chosen or len(order) < len(chosen):
        raise ProveError(f"expected solvers out of {', '.join(SOLVERS)}, each once, got {[str(s) for s in solvers]}")
    asked = list(obligations)
    jobs = deque(_jobs(asked, chosen, cores=cores))
    total = sum(len(job.numbers) * len(job.solvers) for job in jobs)
    answers: SimpleQueue[tuple[int, Answer] | BaseException] = SimpleQueue()
    crew = [_Member(asked, chosen, limit_seconds, seed, jobs, answers) for _ in range(min(workers, len(jobs)))]
    found: dict[tuple[int, int], Answer] = {}
    try:
        for member in crew:
            member.start()
        while len(found) < total:
            said = answers.get()
            if isinstance(said, BaseException):
                raise said
            i, answer = said
            found[i, order[answer.solver]] = answer
            if progress is not None:
                progress(answer)
    finally:
        jobs.clear()
        for member in crew:
            member.stop()
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True)
class _Job:
    """Obligations with the same hypotheses for one solver; or one for several solvers, in turn."""

    numbers: tuple[int, ...]
    solvers: tuple[str, ...]
    core: bool


def _jobs(obligations: Sequence[Obligation], solvers: Sequence[Solver], *, cores: bool) -> Iterator[_Job]:
    groups: dict[object, list[int]] = {}
    for i, o in enumerate(obligations):
        groups.setdefault(i if o.by_core else (o.declarations, o.hypotheses, o.expects), []).append(i)
    for numbers in groups.values():
        first = obligations[numbers[0]]
        readers = [s.name for s in solvers if not s.package or s.name in first.solvers]
        if first.by_core:
            yield _Job(tuple(numbers), tuple(sorted(readers, key=lambda n: n != "cvc5")), core=True)
        else:
            for name in readers:
                apt = tuple(i for i in numbers if name in obligations[i].solvers or name not in SOLVERS)
                yield _Job(apt, (name,), core=cores)


class _Member(threading.Thread):
    """Takes jobs until there are none, with a child of its own for each solver."""

    def __init__(
        self,
        obligations: Sequence[Obligation],
        solvers: Sequence[Solver],
        limit: float,
        seed: int | None,
        jobs: deque[_Job],
        answers: SimpleQueue[tuple[int, Answer] | BaseException],
    ) -> None:
        super().__init__(name="quiesce-prove", daemon=True)
        self.obligations, self.limit, self.seed = obligations, limit, seed
        self.jobs, self.answers = jobs, answers
        self.children = {s.name: Child(s.command, s.options) for s in solvers}

    def run(self) -> None:
        try:
            while True:
                try:
                    job = self.jobs.popleft()
                except IndexError:
                    return
                for i in job.numbers:
                    for answer in self.answer(self.obligations[i], job):
                        self.answers.put((i, answer))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits for answers
            self.answers.put(error)

    def answer(self, obligation: Obligation, job: _Job) -> Iterator[Answer]:
        needed: tuple[str, ...] | None = None
        for name in job.solvers:
            core = job.core and name == "cvc5"
            only = None if name == "cvc5" else needed
            reply = self.ask(name, obligation, only, core=core, alone=obligation.by_core)
            names = None if reply.core is None else tuple(n.removeprefix(GIVEN) for n in reply.core)
            if core and obligation.by_core and reply.verdict == "unsat":
                needed = names
            given = None if only is None else len(only)
            yield Answer(
                obligation, name, reply.verdict, reply.seconds, names, reply.model, reply.reason, hypotheses=given
            )

    def ask(self, name: str, o: Obligation, only: tuple[str, ...] | None, *, core: bool, alone: bool) -> Reply:
        model = o.expects == "sat"
        question = Question(o.prelude(only), o.assertion, core, model, self.seed)
        if not alone:
            reply = self.children[name].ask(question, min(self.limit, _IN_SESSION))
            if reply.verdict == o.expects:
                return reply
        return self.children[name].ask(
            Question(f"; alone\n{question.prelude}", o.assertion, core, model, self.seed), self.limit
        )

    def stop(self) -> None:
        for child in self.children.values():
            child.kill()
