"""A session with a subject in this process: every operation runs on a thread of its own.

A subject that hangs must not hang the suite, so the threads are daemons and `close` waits for them only so long: what
does not end is left behind, and the session says so in `left`.  Rejected: a `ThreadPoolExecutor`, whose threads the
interpreter waits for at its exit.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final

from quiesce_conformance.contract import UNSET, CandidateSpec, Capability, MakeSubject, Ticket
from quiesce_conformance.session import Event, Look, Options, Reply, StillPending

from .gates import Gates
from .instance import ProbeInstance
from .journal import Journal
from .offers import capabilities_of, look_at

__all__ = ["InProcessPending", "InProcessSession"]

REST: Final = 2.0
"""Seconds that `close` waits for the threads of a session, all together."""


class InProcessPending:
    """An operation that was started.  Safe from any thread."""

    def __init__(self, number: int, what: str, journal: Journal) -> None:
        self.number = number
        self._what = what
        self._journal = journal
        self.reply: Reply | None = None

    def done(self) -> bool:
        """Whether it has ended."""
        return self.reply is not None

    def result(self, timeout: float) -> Reply:
        """Wait for its end, at most `timeout` seconds.  Raises `StillPending`."""
        self._journal.wait(lambda _: self.reply is not None, timeout)
        if self.reply is None:
            raise StillPending(f"{self._what} (operation {self.number}) has not ended after {timeout:g} s")
        return self.reply


class InProcessSession:
    """One plugin under test.  Safe from any thread.

    Args:
        make_subject: what is judged.
        first: its first version.
        drain_timeout: seconds; None means no limit.

    Whatever `make_subject` raises is raised unchanged; `SubjectError` means that its capabilities make no sense.

    """

    def __init__(self, make_subject: MakeSubject, first: CandidateSpec, drain_timeout: float | None) -> None:
        self._journal = Journal()
        self._gates = Gates()
        self._drain_timeout = drain_timeout
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._operations = 0
        self._inside = threading.local()
        self.asynchronous = False
        self.left = 0
        """How many threads had not ended when the session was closed: they hang in the subject."""
        self._subject: Any = make_subject(self._instance(first), first.manifest(), drain_timeout)
        self.capabilities = capabilities_of(self._subject)
        self.asynchronous = Capability.ASYNC in self.capabilities

    # -- operations ---------------------------------------------------------------------------------------------------
    def call(self, ticket: Ticket) -> InProcessPending:
        """Call the plugin."""
        return self._start(f"call {ticket.number}", lambda: self.nested(ticket))

    def prepare(self, spec: CandidateSpec) -> InProcessPending:
        """Validate and initialise a candidate."""
        instance = self._instance(spec)
        return self._start(
            f"prepare version {spec.version}", lambda: self._subject.prepare(instance, spec.manifest()), give=False
        )

    def execute(self, options: Options) -> InProcessPending:
        """Drain, swap, clean up."""
        return self._start("execute", lambda: self._subject.execute(**_how(options)), give=False)

    def upgrade(self, spec: CandidateSpec, options: Options) -> InProcessPending:
        """Both in one."""
        instance, how = self._instance(spec), _how(options)
        return self._start(
            f"upgrade to version {spec.version}",
            lambda: self._subject.upgrade(instance, spec.manifest(), **how),
            give=False,
        )

    def cancel(self) -> InProcessPending:
        """Cancel the upgrade that is under way."""
        return self._simple("cancel")

    def commit(self) -> InProcessPending:
        """End probation well."""
        return self._simple("commit")

    def revert(self) -> InProcessPending:
        """End probation badly."""
        return self._simple("revert")

    def acknowledge(self) -> InProcessPending:
        """Take note of a failed upgrade."""
        return self._simple("acknowledge")

    def unregister(self) -> InProcessPending:
        """Take the plugin out of service."""
        return self._start("unregister", self._subject.unregister)

    def look(self) -> InProcessPending:
        """See what the plugin says of itself; the value is a `Look`."""
        return self._start("look", self._look)

    # -- a manager's, beside the plugin under test --------------------------------------------------------------------
    def register(self, spec: CandidateSpec) -> InProcessPending:
        """Register another plugin, ``spec.name``, with the subject's manager."""
        instance = self._instance(spec)
        return self._start(
            f"register {spec.name}",
            lambda: self._subject.manager.register(instance, spec.manifest(), self._drain_timeout),
            give=False,
        )

    def names(self) -> InProcessPending:
        """List the manager's plugins."""
        return self._start("list", lambda: [str(name) for name in self._subject.manager.list()])

    def call_named(self, name: str, ticket: Ticket) -> InProcessPending:
        """Call a plugin of the manager."""
        return self._start(
            f"call {ticket.number} of {name}", lambda: self._subject.manager.get(name).call(ticket.function, ticket)
        )

    def upgrade_named(self, spec: CandidateSpec) -> InProcessPending:
        """Upgrade the manager's plugin ``spec.name``."""
        instance = self._instance(spec)
        return self._start(
            f"upgrade {spec.name}",
            lambda: self._subject.manager.get(spec.name).upgrade(instance, spec.manifest()),
            give=False,
        )

    def unregister_named(self, name: str) -> InProcessPending:
        """Take a plugin out of the manager."""
        return self._start(f"unregister {name}", lambda: self._subject.manager.unregister(name))

    # -- what an instance asks from inside a call ---------------------------------------------------------------------
    def nested(self, ticket: Ticket) -> Any:
        """Call the plugin on this thread."""
        return self._subject.call(ticket.function, ticket)

    def operate(self, operation: str) -> Any:
        """Do a simple operation on the plugin, on this thread."""
        return getattr(self._subject, operation)()

    # -- steering -----------------------------------------------------------------------------------------------------
    def open(self, gate: str) -> None:
        """Open a gate, for all who wait there and all who will come."""
        self._gates.open(gate)

    def reached(self, gate: str, timeout: float) -> bool:
        """Wait until somebody is at a gate."""
        return self._journal.wait(lambda events: any(e.kind == "gate" and e.gate == gate for e in events), timeout)

    def events(self) -> Sequence[Event]:
        """What was reported so far."""
        return self._journal.events()

    def wait_for(self, predicate: Callable[[Sequence[Event]], bool], timeout: float) -> bool:
        """Wait until the events satisfy `predicate`, which must not block."""
        return self._journal.wait(predicate, timeout)

    def close(self) -> None:
        """Open all gates, end what was started, and let the subject end what it has (`shutdown`, if it has one)."""
        self._gates.open_all()
        deadline = monotonic() + REST
        with self._lock:
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
        self.left += sum(thread.is_alive() for thread in threads)
        self._journal.end()
        shutdown = getattr(self._subject, "shutdown", None)
        if threads and not self.left and callable(shutdown):
            shutdown()

    # -- inside -------------------------------------------------------------------------------------------------------
    def _instance(self, spec: CandidateSpec) -> ProbeInstance:
        return ProbeInstance(spec, self._journal, self._gates, self)

    def _simple(self, operation: str) -> InProcessPending:
        return self._start(operation, lambda: getattr(self._subject, operation)(), give=False)

    def _look(self) -> Look:
        return look_at(self._subject, self.capabilities)

    def _start(self, what: str, operation: Callable[[], Any], *, give: bool = True) -> InProcessPending:
        with self._lock:
            self._operations += 1
            pending = InProcessPending(self._operations, what, self._journal)
            thread = threading.Thread(
                target=self._run, args=(pending, operation, give), name=f"conformance-{what}", daemon=True
            )
            self._threads.append(thread)
        thread.start()
        return pending

    def _run(self, pending: InProcessPending, operation: Callable[[], Any], give: bool) -> None:
        invoked = self._journal.stamp()
        ok, kind, message = True, "", ""
        value: Any = None
        causes: tuple[str, ...] = ()
        try:
            found = operation()
            if inspect.isawaitable(found):
                found = self._await(found)
            value = found if give else None
        except BaseException as error:  # noqa: BLE001  whatever a subject raises is its answer
            ok, kind, message = False, str(getattr(error, "kind", type(error).__name__)), str(error)
            chain = _chain(error)
            causes = tuple(f"{type(cause).__name__}: {cause}" for cause in chain[1:])
            found = next((one.stragglers for one in chain if hasattr(one, "stragglers")), None)
            value = None if found is None else [str(one) for one in found]

        def done(returned: int) -> None:
            pending.reply = Reply(ok, value, kind, message, causes, invoked, returned)

        self._journal.settle(done)

    def _await(self, found: Any) -> Any:
        loop = getattr(self._subject, "loop", None)
        if isinstance(loop, asyncio.AbstractEventLoop):
            return asyncio.run_coroutine_threadsafe(_coroutine(found), loop).result()
        return asyncio.run(_coroutine(found))


async def _coroutine(found: Any) -> Any:
    return await found


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ if at.__cause__ is not None or at.__suppress_context__ else at.__context__
    return found


def _how(options: Options) -> dict[str, Any]:
    how: dict[str, Any] = {}
    if options.policy is not None:
        how["policy"] = options.policy
    if options.drain_timeout is not UNSET:
        how["drain_timeout"] = options.drain_timeout
    if options.probation:
        how["probation"] = True
    return how
