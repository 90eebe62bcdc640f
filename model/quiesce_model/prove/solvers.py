"""Ask z3 and cvc5, each in a child process that is killed at its limit.

A solver may hang where it promised to stop, or die.  Neither may stop the others, and neither may pass for an answer:
what is not ``unsat`` (``sat`` for a non-vacuity check) is unfinished, never green.

Where quantifiers alternate, z3 wanders; cvc5 does not.  There cvc5 is asked first, and z3 is given the hypotheses that
cvc5 needed: fewer hypotheses prove more, so z3's ``unsat`` still confirms the whole.  Each of the two makes its own
proof.

Rejected: threads (a solver in a thread cannot be stopped); one process for each question (starting one costs a hundred
times what a question does); ``multiprocessing`` (imports the caller's main module again).
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import IO, Any, Literal, cast

from quiesce_model.prove.obligation import Obligation
from quiesce_model.prove.smt import ProveError

__all__ = ["SOLVERS", "Answer", "Solver", "SolverMissingError", "Verdict", "available", "check"]

Verdict = Literal["unsat", "sat", "unknown", "timeout", "died"]
_GRACE = 1.0
"""Seconds beyond the limit that a solver is given to stop by itself."""
_START = 60.0
"""Seconds that a child may take to start and to import its solver; the first answer has these on top."""


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
    "cvc5": Solver("cvc5", "cvc5", (1, 2), (sys.executable, _WORKER, "cvc5")),
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
    out = []
    for name in names:
        if name not in SOLVERS:
            raise ProveError(f"expected a solver out of {', '.join(SOLVERS)}, got {name!r}")
        out.append(SOLVERS[name])
    if not out:
        raise ProveError(f"expected at least one solver out of {', '.join(SOLVERS)}, got none")
    for solver in out:
        solver.version()
    return out


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
        ProveError: no solver, a limit or a number of workers that is not above 0.

    """
    if not limit_seconds > 0 or workers < 1:
        raise ProveError(f"expected a limit and a number of workers above 0, got {limit_seconds} s and {workers}")
    known = (
        {s.name: s for s in available([s for s in solvers if isinstance(s, str)])}
        if any(isinstance(s, str) for s in solvers)
        else {}
    )
    chosen = [known[s] if isinstance(s, str) else s for s in solvers]
    if not chosen:
        raise ProveError(f"expected at least one solver out of {', '.join(SOLVERS)}, got none")
    jobs = deque(enumerate(obligations))
    total = sum(len([s for s in chosen if s.name in o.solvers or not s.package]) for _, o in jobs)
    answers: SimpleQueue[tuple[int, Answer] | BaseException] = SimpleQueue()
    crew = [_Crew(chosen, limit_seconds, seed, cores, jobs, answers) for _ in range(min(workers, len(jobs)))]
    found: dict[tuple[int, str], Answer] = {}
    try:
        for member in crew:
            member.start()
        while len(found) < total:
            said = answers.get()
            if isinstance(said, BaseException):
                raise said
            i, answer = said
            found[i, answer.solver] = answer
            if progress is not None:
                progress(answer)
    finally:
        jobs.clear()
        for member in crew:
            member.stop()
    order = {s.name: n for n, s in enumerate(chosen)}
    return [found[key] for key in sorted(found, key=lambda k: (k[0], order[k[1]]))]


class _Crew(threading.Thread):
    """Takes jobs until there are none, with a child of its own for each solver."""

    def __init__(
        self,
        solvers: Sequence[Solver],
        limit: float,
        seed: int | None,
        cores: bool,
        jobs: deque[tuple[int, Obligation]],
        answers: SimpleQueue[tuple[int, Answer] | BaseException],
    ) -> None:
        super().__init__(name="quiesce-prove", daemon=True)
        self.limit, self.seed, self.cores, self.jobs, self.answers = limit, seed, cores, jobs, answers
        self.children = {s.name: _Child(s) for s in solvers}

    def run(self) -> None:
        try:
            while True:
                try:
                    i, obligation = self.jobs.popleft()
                except IndexError:
                    return
                for answer in self.ask(obligation):
                    self.answers.put((i, answer))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits for answers
            self.answers.put(error)

    def ask(self, obligation: Obligation) -> Iterable[Answer]:
        names = [n for n, c in self.children.items() if n in obligation.solvers or not c.solver.package]
        if obligation.by_core:
            names.sort(key=lambda n: n != "cvc5")
        core: tuple[str, ...] | None = None
        for name in names:
            only = core if name != "cvc5" else None
            answer = self.children[name].ask(
                obligation, only, self.limit, self.seed, core=name == "cvc5" and (obligation.by_core or self.cores)
            )
            if obligation.by_core and answer.verdict == "unsat":
                core = answer.core
            yield answer

    def stop(self) -> None:
        for child in self.children.values():
            child.kill()


class _Child:
    """One solver's process: started when it is needed, killed when it is late, started again for the next question."""

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.process: subprocess.Popen[str] | None = None
        self.lines: SimpleQueue[str | None] = SimpleQueue()
        self.lock = threading.Lock()
        self.stopped = False

    def ask(
        self, obligation: Obligation, only: tuple[str, ...] | None, limit: float, seed: int | None, *, core: bool
    ) -> Answer:
        request = {
            "smt": obligation.script(only),
            "seconds": limit,
            "seed": seed,
            "core": core,
            "model": obligation.expects == "sat",
            "options": dict(self.solver.options),
        }
        began = perf_counter()
        allowance = limit + _GRACE + (self.start() and _START)
        given = None if only is None else len(only)
        try:
            assert self.process is not None
            stdin = cast(IO[str], self.process.stdin)
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            line = self.lines.get(timeout=allowance)
        except Empty:
            self.kill(again=True)
            reason = f"killed: no answer {allowance:g} s after the question"
            return Answer(obligation, self.solver.name, "timeout", perf_counter() - began, None, None, reason, given)
        except OSError:
            line = None
        if line is None:
            status = self.kill(again=True)
            reason = f"the process ended with status {status}"
            return Answer(obligation, self.solver.name, "died", perf_counter() - began, None, None, reason, given)
        return self.read(obligation, line, perf_counter() - began, given)

    def read(self, obligation: Obligation, line: str, waited: float, given: int | None) -> Answer:
        try:
            reply: dict[str, Any] = json.loads(line)
            verdict, seconds = reply["verdict"], float(reply["seconds"])
        except (ValueError, KeyError, TypeError):
            self.kill(again=True)
            reason = f"expected an answer, got {line.strip()[:80]!r}"
            return Answer(obligation, self.solver.name, "died", waited, None, None, reason, given)
        reason = str(reply.get("reason", ""))
        if verdict == "unknown" and any(word in reason for word in ("timeout", "canceled", "resource")):
            verdict = "timeout"
        if verdict not in {"unsat", "sat", "unknown", "timeout"}:
            verdict = "died"
        core = tuple(reply["core"]) if "core" in reply else None
        return Answer(
            obligation, self.solver.name, cast(Verdict, verdict), seconds, core, reply.get("model"), reason, given
        )

    def start(self) -> bool:
        """Start the process if there is none; whether it was started."""
        with self.lock:
            if self.process is not None or self.stopped:
                return False
            process = self.process = subprocess.Popen(
                self.solver.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        lines = self.lines = SimpleQueue()
        threading.Thread(target=_listen, args=(process.stdout, lines), name="quiesce-solver", daemon=True).start()
        return True

    def kill(self, *, again: bool = False) -> int | None:
        """End the process; unless ``again``, no other is started."""
        with self.lock:
            process, self.process = self.process, None
            self.stopped = not again
        if process is None:
            return None
        process.kill()
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return status


def _listen(stdout: IO[str], lines: SimpleQueue[str | None]) -> None:
    try:
        for line in stdout:
            lines.put(line)
    except ValueError:
        pass  # the pipe was closed under us: whoever closed it waits for nothing any more
    lines.put(None)
