"""The engine: real threads, one of which goes on at a time, from one named point to the next.

How it works.  Every thread of a scenario parks before each of its operations and says what it is about to do.  The
thread that has just come to its point makes the next decision itself: it lists what is enabled, asks the chooser, and
if it is chosen itself goes straight on.  Only if another thread is chosen is there a hand-over: it lets that thread's
lock go and parks on its own.  So a step costs about a microsecond and a switch what the system takes for one.

The thread that calls `run` sets the scenario up, parks, and is woken at the end; meanwhile it is the watchdog.

Invariants:

- At most one thread of a scenario is between two points.  It is `_current`; everybody else is parked or has ended.
- `_turn` holds one token, except while a decision is being made.  Whoever decides takes it first.  The watchdog ends an
  execution by taking it away: then a thread that comes back late finds no token and knows that it was given up.
  (One token in one list, because `list.pop` is one atomic step on every build, and a lock would cost ten times that.)
- `_choices` and `_enabled` are the execution so far.

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
import traceback
from _thread import LockType, get_ident
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final, Self, TypeVar

from .errors import Abandoned, EngineBusy, EngineMisused
from .execution import Deadlock, Ending, Execution, Failure, LeftTheSeam, Outcome
from .livelock import describe
from .points import CUT, INTERRUPT, Choice, Chooser, Observer, Op
from .workers import Crew, Processor, Worker, parked_lock

__all__ = ["Engine", "Scenario", "Spawner", "Thread"]

T = TypeVar("T")
Check = Callable[[], object]
Offers = dict[tuple[str, str, bool, bool], tuple[Choice, ...]]
LATE: Final = "interrupt-after@"


class Thread:
    """One thread of a scenario.  What `Spawner.thread` gives."""

    __slots__ = (
        "args",
        "choices",
        "ended",
        "error",
        "expects",
        "function",
        "given_up",
        "gone",
        "ident",
        "index",
        "interrupts",
        "name",
        "offers",
        "park",
        "result",
        "struck",
        "taken",
        "waits_for",
        "wake",
        "worker",
    )

    def __init__(
        self,
        index: int,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        expects: tuple[type[BaseException], ...],
        interrupts: int,
        worker: Worker,
        offers: Offers,
    ) -> None:
        self.offers = offers
        self.index, self.name, self.function, self.args = index, name, function, args
        self.expects, self.interrupts, self.worker = expects, interrupts, worker
        self.park, self.wake, self.ident = worker.lock.acquire, worker.lock.release, worker.ident
        self.choices: tuple[Choice, ...] = ()
        """What it could do next.  Empty: it is blocked, or has ended."""
        self.waits_for: Choice | None = None
        """What it would do if it were not blocked."""
        self.taken: Choice | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.struck = self.given_up = 0
        self.ended = False
        self.gone: LockType | None = None
        """Let go when it has been unwound."""


class _Nobody:
    """Who goes on when nobody does."""

    ident = -1


Scenario = Callable[["Spawner"], Check | None]
"""Makes fresh objects and spawns threads; what it returns is called when all have ended, and raises what is wrong."""


class Engine:
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
        ValueError: a number is not positive.

    """

    def __init__(self, *, patience: float = 10.0, max_steps: int = 5_000, one_processor: bool = True) -> None:
        self.patience, self.max_steps = _positive("patience", patience), _whole("max_steps", max_steps)
        self._processor = Processor(stay=one_processor)
        self._crew = Crew(self._processor)
        self._in_with = False
        self._done = parked_lock()
        """Let go by the last thread of an execution: wakes the controlling thread."""
        self._offers: dict[tuple[str, bool], Offers] = {}
        """By thread, and whether it may be struck: made once, for all executions."""
        self._runs = 0
        self._controller = -1
        self._busy = self._driving = False
        """`_driving`: the thread that is to let `_done` go has been let go."""
        self._lost: dict[int, Thread] = {}
        """Threads that were given up, by the system's number: what they still do goes nowhere."""
        self._idle()

    def _idle(self) -> None:
        self._threads: list[Thread] = []
        self._by_name: dict[str, Thread] = {}
        self._current: Any = _NOBODY
        self._last: str | None = None
        self._choices: list[Choice] = []
        self._enabled: list[list[Choice]] = []
        self._turn: list[None] = []
        self._limit = 0
        self._ending: Ending | None = None
        self._crash: BaseException | None = None
        self._observer: Observer | None = None
        self._counts: dict[tuple[str, str | None], int] = {}
        self.holders: dict[str, str] = {}
        """Lock -> the thread that has it."""
        self.now = 0.0

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
            EngineMisused: the chooser gave no index, or no thread was spawned.
            Whatever the scenario's set-up or the chooser raises, unchanged.

        """
        limit = self.max_steps if max_steps is None else _whole("max_steps", max_steps)
        if self._busy:
            raise EngineBusy("expected an engine that is idle, got one in the middle of an execution: use another")
        self._busy = True
        collecting = gc.isenabled()
        gc.disable()  # a collection runs finalizers at a step that depends on everything that was ever allocated
        try:
            self._begin(limit, chooser, observer)
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

    def _begin(self, limit: int, chooser: Chooser, observer: Observer | None) -> None:
        if not self._in_with:
            self._processor.stay()
        if self._runs % Processor.EVERY == 0:
            self._processor.choose()
        self._crew.muster()
        self._runs += 1
        self._idle()
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
        self._ending = LeftTheSeam(stuck.name, why, _stack(frame))
        self._leave_to_itself(stuck)

    def _leave_to_itself(self, stuck: Thread) -> None:
        stuck.given_up = 1
        stuck.worker.leaving = True
        self._lost[stuck.ident] = stuck
        self._current = _NOBODY

    def _settle(self, check: Check | None) -> Execution:
        """Unwind who is left, run the final check, and put it all together."""
        self._current = _NOBODY
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
            if self._current is not _NOBODY:
                self._leave_to_itself(self._current)
        self._driving = False
        self._current = _NOBODY
        self._unwind()

    def _end(self) -> None:
        for thread in self._threads:
            if thread.ended:
                self._crew.release(thread.worker)
            thread.function, thread.args = _nothing, ()
        self._current, self._controller, self._observer = _NOBODY, -1, None
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
        offers = self._may_do(name, struck=interrupts > 0)
        thread = Thread(len(self._threads) + 1, name, function, args, expects, interrupts, worker, offers)
        thread.choices = self.offer(thread, "start", f"thread:{name}", writes=False)[:1]
        worker.job = lambda: self._live(thread)
        self._threads.append(thread)
        self._by_name[name] = thread
        return thread

    def _may_do(self, name: str, *, struck: bool) -> Offers:
        offers = self._offers.get((name, struck))
        if offers is None:
            offers = self._offers[name, struck] = {}
        return offers

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
        following = self._next()
        (self._done.release if following is None else following.wake)()

    def _lost_one_ends(self, thread: Thread) -> None:
        """A thread that was given up has come to its end."""
        self._lost.pop(thread.ident, None)
        if thread.gone is not None:
            thread.gone.release()

    def fail(self, ending: Ending) -> None:
        """End the execution, with that ending, before its next step; the first one counts."""
        if self._ending is None:
            self._ending = ending
        self._limit = -1

    # -- what primitives use ------------------------------------------------------------------------------------------
    def me(self) -> Thread | None:
        """Give the thread of the scenario that calls this; None outside: in the set-up, the check, an observer.

        Raises:
            Abandoned: the execution of the calling thread is over.
            EngineMisused: a thread that is not the scenario's uses the engine's objects.

        """
        thread: Thread = self._current
        if thread.ident == get_ident() and self._turn:
            return thread
        self._outside()
        return None

    def _outside(self) -> None:
        here = get_ident()
        lost = self._lost.get(here)
        if lost is not None:
            lost.given_up += 1
            if lost.given_up == 2 or lost.given_up % 1_000 == 0:
                raise Abandoned
            if lost.given_up > 5_000:
                parked_lock().acquire()  # it swallows everything and goes on: for ever, then
            return
        if here == self._controller or not self._busy or here == self._current.ident:
            return
        stack = _stack(sys._getframe(2))  # noqa: SLF001 - one's own stack
        self.fail(LeftTheSeam(f"thread {here}", "it is none of the scenario's, and uses an engine's object", stack))
        raise EngineMisused("expected operations of the scenario's own threads, got one of a thread started elsewhere")

    def over(self) -> bool:
        """Is the caller a thread whose execution is over, or is there no execution?  Then nothing needs to be right."""
        return not self._busy or get_ident() in self._lost

    def unwind_or(self, problem: str) -> None:
        """Raise what ends a thread that would wait for ever outside of an execution.

        Raises:
            Abandoned: its execution is over.
            EngineMisused: it is the set-up, the check or the observer.

        """
        if get_ident() in self._lost:
            raise Abandoned
        raise EngineMisused(problem)

    def point(self, point: str, object_: str, *, writes: bool = False, late: bool = False) -> bool:
        """Park before an operation that can always be done; return when it is to be done.

        Args:
            point: its name.
            object_: the object's name.
            writes: whether it changes the object.
            late: whether an interrupt can also strike when it is done and before its result is stored.

        Returns:
            Whether the caller has to raise KeyboardInterrupt once it has done the operation.

        Raises:
            KeyboardInterrupt: the chooser let an interrupt strike here.
            Abandoned: the execution is over.

        """
        me: Thread = self._current
        if me.ident != get_ident() or not self._turn:
            self._outside()
            return False
        offers = me.offers.get((point, object_, writes, False))
        if offers is None:
            offers = self.offer(me, point, object_, writes=writes, late=late)
        me.choices = offers
        following = self._next()
        if following is not me:
            self._hand_over(me, following)
        return me.taken is not offers[0] and self._strike(me)

    def wait(self, me: Thread) -> Choice:
        """Park until one of the thread's `choices`, which others change meanwhile, is taken; give it.

        Raises:
            KeyboardInterrupt, Abandoned: as `point` does.

        """
        following = self._next()
        if following is not me:
            self._hand_over(me, following)
        me.waits_for = None
        taken = me.taken
        assert taken is not None, "whoever goes on was chosen"
        if taken.op.point.startswith(INTERRUPT):
            self._strike(me)
        return taken

    def offer(
        self, thread: Thread, point: str, object_: str, *, writes: bool, late: bool = False, blocks: bool = False
    ) -> tuple[Choice, ...]:
        """Make the alternatives of a thread at a point: the operation, and the interrupts that may strike there.

        The arguments are those of `point`, and `Op.blocks`.
        """
        key = (point, object_, writes, blocks)
        offers = thread.offers.get(key)
        if offers is None:
            ops = [Op(point, object_, writes, blocks)]
            if thread.interrupts:
                ops.append(Op(f"{INTERRUPT}@{point}", f"thread:{thread.name}", writes=False))
                if late:
                    ops.append(Op(LATE + point, object_, writes))
            offers = thread.offers[key] = tuple(Choice(thread.name, op) for op in ops)
        return offers

    def forced(self, me: Thread, point: str, object_: str, *, writes: bool = True) -> None:
        """Take down a step that leaves no choice: it is done whenever the one before it is."""
        self._turn.pop()
        try:
            choices = list(self.offer(me, point, object_, writes=writes)[:1])
            self._take(choices)
        except BaseException as error:  # noqa: BLE001 - raised in the controlling thread
            self._crash = self._crash or error
            self._limit = -1
        finally:
            self._turn.append(None)

    def _strike(self, me: Thread) -> bool:
        assert me.taken is not None, "whoever goes on was chosen"
        me.interrupts -= 1
        me.struck += 1
        me.offers = self._may_do(me.name, struck=me.interrupts > 0)
        me.expects = (*me.expects, KeyboardInterrupt)
        if me.taken.op.point.startswith(LATE):
            return True
        raise KeyboardInterrupt

    def _hand_over(self, me: Thread, following: Thread | None) -> None:
        if following is None:
            self._done.release()
        else:
            following.wake()
        me.park()
        if me.given_up:
            me.given_up += 1
            raise Abandoned

    # -- decisions ----------------------------------------------------------------------------------------------------
    def _next(self) -> Thread | None:
        """Decide who goes on; None: the execution is over.  The caller hands over.  This is what a step costs."""
        turn = self._turn
        try:
            turn.pop()
        except IndexError:
            raise Abandoned from None
        choices: list[Choice] = []
        for thread in self._threads:
            choices += thread.choices
        done = self._choices
        if choices and len(done) < self._limit:
            try:
                if self._observer is None:
                    index = self._choose(choices, self._last)
                    if -1 < index < len(choices):
                        choice = choices[index]
                        done.append(choice)
                        self._enabled.append(choices)
                        self._last = name = choice[0]
                        self._current = following = self._by_name[name]
                        following.taken = choice
                        turn.append(None)
                        return following
                    self._refuse(choices, index)
                else:
                    observed = self._take(choices)
                    if observed is not None and self._limit >= 0:
                        self._current = observed
                        turn.append(None)
                        return observed
            except BaseException as error:  # noqa: BLE001 - raised in the controlling thread
                self._crash = self._crash or error
        self._over(choices)
        return None

    def _take(self, choices: list[Choice]) -> Thread | None:
        """Ask the chooser, and take down what it says; the observer looks before and after."""
        observer, done = self._observer, self._choices
        if observer is not None and done and not self._look(observer.after, done[-1]):
            return None
        index = self._choose(choices, self._last)
        if not -1 < index < len(choices):
            self._refuse(choices, index)
            return None
        choice = choices[index]
        done.append(choice)
        self._enabled.append(choices)
        self._last = choice.thread
        thread = self._by_name[choice.thread]
        thread.taken = choice
        if observer is not None and not self._look(observer.before, choice):
            return None
        return thread

    def _refuse(self, choices: Sequence[Choice], index: int) -> None:
        if index != CUT:
            raise EngineMisused(f"expected an index below {len(choices)} or CUT from the chooser, got {index!r}")
        self.fail("cut")

    def _look(self, look: Callable[[Choice], None], choice: Choice) -> bool:
        controller, self._controller = self._controller, get_ident()  # its operations are no steps
        try:
            look(choice)
        except Exception as error:  # noqa: BLE001 - it is reported
            self.fail(Failure(error, choice.thread, len(self._choices) - 1, "observer"))
            return False
        finally:
            self._controller = controller
        return True

    def _over(self, choices: Sequence[Choice]) -> None:
        """Find out how it ended."""
        if self._observer is not None and self._choices and self._ending is None and self._crash is None:
            self._look(self._observer.after, self._choices[-1])
        if self._ending is None:
            if choices and self._limit >= 0:
                self._ending = describe(self._bound, self._choices, self._enabled)
            elif all(thread.ended for thread in self._threads):
                self._ending = "finished"
            else:
                waiting = tuple(t.waits_for for t in self._threads if t.waits_for is not None)
                self._ending = Deadlock(waiting, dict(self.holders))
        self._current = _NOBODY

    # -- facts --------------------------------------------------------------------------------------------------------
    def name_object(self, kind: str) -> str:
        """Name a new object: after its kind, who creates it, and how many of that kind that thread created before.

        So the name does not depend on how the creations of different threads were interleaved.
        """
        me = self._current
        creator = None if me is _NOBODY or me.ident != get_ident() else me.name
        count = self._counts[kind, creator] = self._counts.get((kind, creator), 0) + 1
        if creator is None:
            return kind if count == 1 else f"{kind}:{count}"
        return f"{kind}:{creator}.{count}"

    def advance(self, deadline: float) -> None:
        """Virtual time goes on to the deadline, if it is not past it."""
        self.now = max(self.now, deadline)

    def ident(self) -> int:
        """Number the calling thread: 1 is the first that was spawned, 0 the one that set up."""
        here = get_ident()
        current = self._current
        if current.ident == here:
            index: int = current.index
            return index
        lost = self._lost.get(here)
        return 0 if lost is None else lost.index

    def thread_name(self, ident: int) -> str:
        """Name a thread by its number."""
        return self._threads[ident - 1].name if 0 < ident <= len(self._threads) else f"thread {ident}"

    def frames(self) -> dict[int, FrameType]:
        """Give the innermost frame of every thread of the scenario that runs, by its number."""
        frames = sys._current_frames()  # noqa: SLF001 - the only way to another thread's stack
        return {t.index: frames[t.ident] for t in self._threads if not t.ended and t.worker.job is None}

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


_NOBODY: Final = _Nobody()


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
        if not name.replace("_", "").replace("-", "").isalnum():
            raise EngineMisused(f"expected a thread's name of letters, digits, '_' and '-', got {name!r}")
        if interrupts < 0:
            raise EngineMisused(f"expected interrupts of 0 or more, got {interrupts!r}")
        kinds = expects if isinstance(expects, tuple) else (expects,)
        return self.engine._spawn(name, function, args, kinds, interrupts)  # noqa: SLF001 - the other half of the engine


def _nothing() -> None:
    """Do nothing."""


def _stack(frame: FrameType | None) -> tuple[str, ...]:
    if frame is None:
        return ()
    return tuple(traceback.StackSummary.extract(traceback.walk_stack(frame), limit=40).format())[::-1]


def _positive(name: str, value: float) -> float:
    if not value > 0:  # NaN as well
        raise ValueError(f"{name}: expected a number above 0, got {value!r}")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: expected a whole number above 0, got {value!r}")
    return value
