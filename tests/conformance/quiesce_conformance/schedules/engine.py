"""The engine: real threads, one of which goes on at a time, from one named point to the next.

A thread of a scenario parks before each of its operations and says what it is about to do; `decisions` is how it is
decided who goes on.  The thread that calls `run` sets the scenario up, parks, and is woken at the end; meanwhile it is
the watchdog.

Sources.  Stateless search over real threads with every decision recorded: CHESS (Musuvathi et al., OSDI 2008), and
before it VeriSoft (Godefroid, POPL 1997).  The scheduler as a library under the program's own locks and atomics: Loom
(Rust), Shuttle (AWS), Coyote (Microsoft Research).  What those do with coroutines or tasks, this does with threads,
because the code under test asks for its thread's stack (nested calls, stragglers) and must be the code that ships.

Rejected: tracing every bytecode (finds races that the seam hides, at a tenth of the rate; see the no-instrumentation
mode); a controlling thread that is asked at each step (two hand-overs a step instead of none).
"""

from __future__ import annotations

import gc
import sys
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from typing import Any, Final, Self

from .decisions import Decisions, stack_text
from .errors import Abandoned, EngineBusy, EngineMisused
from .execution import Execution, Failure, LeftTheSeam, Outcome
from .limits import seconds, whole
from .points import Chooser, Observer
from .thread import NOBODY, Thread
from .workers import Crew, Processor, parked_lock

__all__ = ["Check", "Engine", "Scenario", "Spawner", "Thread"]

Check = Callable[[], object]
Scenario = Callable[["Spawner"], Check | None]
"""Makes fresh objects and spawns threads; what it returns is called when all have ended, and raises what is wrong."""


class Engine(Decisions):
    """Runs scenarios, one execution at a time.

        engine = Engine()

        def lost_update(spawner):
            counter = Cell(engine, 0)
            def add():
                counter.set(counter.get() + 1)
            spawner.thread("a", add)
            spawner.thread("b", add)
            def check():
                assert counter.get() == 2
            return check

        execution = engine.run(lost_update, chooser)

    ``with Engine() as engine`` keeps the calling thread on the workers' processor in between, which makes short
    executions faster, and ends the workers afterwards.

    Thread-safety: `run` is for one thread at a time, any thread.  Ctrl-C in the thread that runs it is raised after
    the threads of the scenario were unwound; the engine can be used again.

    Args:
        patience: seconds of real time in which a thread has to come to its next point, before it counts as having left
            the seam.
        max_steps: how many steps an execution may take before it counts as a livelock.
        one_processor: keep all threads on one processor, where the system allows that; see `workers`.

    Raises:
        BadLimit: a number is not positive.

    """

    def __init__(self, *, patience: float = 10.0, max_steps: int = 5_000, one_processor: bool = True) -> None:
        seconds("patience", patience)
        whole("max_steps", max_steps)
        super().__init__()
        self.patience, self.max_steps = patience, max_steps
        self._processor = Processor(stay=one_processor)
        self._crew = Crew(self._processor)
        self._in_with = False
        self._alone = allocate_lock()
        self._runs = 0
        self._driving = False
        """The thread that is to let `_done` go has been let go itself."""

    # -- one execution ------------------------------------------------------------------------------------------------
    def run(
        self, scenario: Scenario, chooser: Chooser, observer: Observer | None = None, *, max_steps: int | None = None
    ) -> Execution:
        """Run the scenario once, as the chooser decides.

        Args:
            scenario: called here, with a `Spawner`.  Operations that it does itself are no steps.
            chooser: decides.
            observer: looks between the steps.
            max_steps: instead of the engine's.

        Raises:
            EngineBusy: it is on an execution: in another thread, or this is called from inside one.
            BadLimit: `max_steps` is not positive.
            EngineMisused: the chooser gave no index, or no thread was spawned.
            Whatever the scenario's set-up or the chooser raises, unchanged.

        """
        whole("max_steps", max_steps, optional="the engine's own")
        if not self._alone.acquire(blocking=False):
            raise EngineBusy("expected an engine that is idle, got one in the middle of an execution: use another")
        self._busy = True
        collecting = gc.isenabled()
        gc.disable()  # a collection runs finalizers at a step that depends on everything that was ever allocated
        try:
            self._begin(max_steps or self.max_steps, chooser, observer)
            check = scenario(Spawner(self))
            if not self._threads:
                raise EngineMisused("expected a scenario that spawns at least one thread, got none")
            self._drive()
            return self._settle(check)
        except BaseException:
            self._abort()
            raise
        finally:
            self._end()
            if collecting:
                gc.enable()
            self._busy = False
            self._alone.release()

    def _begin(self, limit: int, chooser: Chooser, observer: Observer | None) -> None:
        if not self._in_with:
            self._processor.stay()
        if self._runs % Processor.EVERY == 0:
            self._processor.choose()
        self._crew.muster()
        self._runs += 1
        self._forget()
        self._limit, self._observer, self._controller = limit, observer, get_ident()
        self._choose = chooser.choose
        self._bound = limit

    def _drive(self) -> None:
        """Let the threads go on until the execution is over, and see to it that they do."""
        self._turn.append(None)
        first = self._next()
        if first is not None:
            self._driving = True
            first.wake()
            self._watch()
            self._driving = False

    def _watch(self) -> None:
        seen = -1
        while not self._done.acquire(True, self.patience):
            if seen == len(self._choices):
                try:
                    self._turn.pop()
                except IndexError:
                    if self._stuck_in_decision(seen):
                        return
                    continue  # it is deciding, not stuck
                self._give_up(self._current, f"it did not come to a point within {self.patience:g} s")
                return
            seen = len(self._choices)

    def _stuck_in_decision(self, seen: int) -> bool:
        """A chooser or an observer that never answers: wait once more, then leave the thread to itself."""
        if self._done.acquire(True, self.patience):
            return True
        if seen != len(self._choices):
            return False
        stuck = self._current
        self._crash = EngineMisused(
            f"expected the chooser and the observer to answer within {self.patience:g} s, got no answer at step {seen}"
        )
        self._turn = []
        self._leave_to_itself(stuck)
        return True

    def _give_up(self, stuck: Thread, why: str) -> None:
        frame = sys._current_frames().get(stuck.ident)  # noqa: SLF001 - the only way to another thread's stack
        self._ending = LeftTheSeam(stuck.name, why, stack_text(frame))
        self._leave_to_itself(stuck)

    def _leave_to_itself(self, stuck: Thread) -> None:
        stuck.given_up = 1
        stuck.worker.leaving = True
        self._lost[stuck.ident] = stuck
        self._current = NOBODY

    def _settle(self, check: Check | None) -> Execution:
        """Unwind who is left, run the final check, and put it all together."""
        self._current = NOBODY
        outcomes = {t.name: Outcome(t.result, t.error, t.ended, t.struck) for t in self._threads}
        self._unwind()
        if self._crash is not None:
            raise self._crash
        ending = self._ending
        assert ending is not None, "an execution that is over has an ending"
        self._observer = None
        if ending == "finished" and check is not None:
            try:
                check()
            except Exception as error:  # noqa: BLE001 - it is reported
                ending = Failure(error, None, len(self._choices) - 1, "check")
        return Execution(self._choices, self._enabled, ending, outcomes, self.now)

    def _unwind(self) -> None:
        """Get every thread that is not at its end out of the code that it is in, one after the other."""
        for thread in self._threads:
            if thread.ended or thread.given_up:
                continue
            worker = thread.worker
            if worker.job is not None:  # it never started
                worker.job = None
                thread.ended = True
                continue
            thread.given_up, thread.gone = 1, parked_lock()
            self._lost[thread.ident] = thread
            thread.wake()
            if thread.gone.acquire(True, self.patience):
                thread.ended = True
            else:
                worker.leaving = True

    def _abort(self) -> None:
        """End an execution from the controlling thread, wherever it is.  An interrupt that strikes here is put off."""
        for _ in range(3):
            try:
                self._stop()
            except BaseException:  # noqa: BLE001 - the first one is raised by our caller
                continue
            break

    def _stop(self) -> None:
        self._limit = -1  # whoever comes to a point next ends the execution
        if self._driving and not self._done.acquire(True, self.patience):
            self._turn.clear()
            if self._current is not NOBODY:
                self._leave_to_itself(self._current)
        self._driving = False
        self._current = NOBODY
        self._unwind()

    def _end(self) -> None:
        for thread in self._threads:
            if thread.ended:
                self._crew.release(thread.worker)
            thread.function, thread.args = _nothing, ()
        self._current, self._controller, self._observer = NOBODY, -1, None
        self._done.acquire(False)
        if not self._in_with:
            self._processor.leave()

    # -- a thread of the scenario -------------------------------------------------------------------------------------
    def _spawn(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        expects: tuple[type[BaseException], ...],
        interrupts: int,
    ) -> Thread:
        if name in self._by_name:
            raise EngineMisused(f"expected a thread of a new name, got {name!r}, which there is already")
        worker = self._crew.hire()
        offers = self.may_do(name, struck=interrupts > 0)
        thread = Thread(len(self._threads) + 1, name, function, args, expects, interrupts, worker, offers)
        thread.choices = self.offer(thread, "start", f"thread:{name}", writes=False)[:1]
        worker.job = lambda: self._live(thread)
        self._threads.append(thread)
        self._by_name[name] = thread
        return thread

    def _live(self, thread: Thread) -> None:
        """The whole life of a thread of the scenario, in its worker."""
        try:
            thread.result = thread.function(*thread.args)
            thread.function, thread.args = _nothing, ()  # what dies with them, dies as a part of this thread
        except Abandoned:
            pass
        except BaseException as error:  # noqa: BLE001 - it is the thread's outcome
            thread.error = error
            if not isinstance(error, thread.expects) and not thread.given_up:
                self.fail(Failure(error, thread.name, len(self._choices) - 1))
        thread.choices, thread.waits_for = (), None
        if thread.given_up:
            self._lost_one_ends(thread)
            return
        thread.ended = True
        try:
            following = self._next()
        except Abandoned:
            self._lost.pop(thread.ident, None)
            return
        (self._done.release if following is None else following.wake)()

    def _lost_one_ends(self, thread: Thread) -> None:
        """A thread that was given up has come to its end."""
        self._lost.pop(thread.ident, None)
        if thread.gone is not None:
            thread.gone.release()

    def __enter__(self) -> Self:
        self._in_with = True
        self._processor.choose()
        return self

    def __exit__(self, *_: object) -> None:
        self._in_with = False
        self._processor.leave()
        self.close()

    def close(self) -> None:
        """End the workers that are idle.  The engine can still be used: it makes new ones."""
        self._crew.dismiss()

    @property
    def idle_workers(self) -> int:
        """How many workers wait for an execution."""
        return self._crew.idle()


class Spawner:
    """What a scenario is given: the way to its threads."""

    __slots__ = ("engine",)

    def __init__(self, engine: Engine) -> None:
        self.engine: Final = engine

    def thread(
        self,
        name: str,
        function: Callable[..., Any],
        *args: Any,
        expects: type[BaseException] | tuple[type[BaseException], ...] = (),
        interrupts: int = 0,
    ) -> Thread:
        """Spawn a thread.  It begins when the chooser lets it.

        Args:
            name: short, unique, of letters, digits, ``_`` and ``-``: schedules are written with it.
            function: what it does.
            *args: what it is called with.
            expects: what it may raise.  Anything else is the failure of the execution.
            interrupts: how many times a KeyboardInterrupt may strike it, at any of its points.  Whether and where is
                the chooser's choice.

        """
        if not (name.isascii() and name.replace("_", "").replace("-", "").isalnum()):
            raise EngineMisused(f"expected a thread's name of letters, digits, '_' and '-', got {name!r}")
        whole("interrupts", interrupts, least=0)
        kinds = expects if isinstance(expects, tuple) else (expects,)
        return self.engine._spawn(name, function, args, kinds, interrupts)  # noqa: SLF001 - the other half of the engine


def _nothing() -> None:
    """Do nothing."""
