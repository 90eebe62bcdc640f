"""The middle of the engine: parking at a point, deciding who goes on, and handing over.

The thread that has just come to its point makes the next decision itself: it lists what is enabled, asks the chooser,
and if it is chosen itself goes straight on.  Only if another thread is chosen is there a hand-over: it wakes that
thread and parks.  So a step costs about a microsecond, and a switch what the system takes for one.

Invariants:

- At most one thread of a scenario is between two points.  It is `_current`; everybody else is parked or has ended.
- `_turn` holds one token, except while a decision is being made.  Whoever decides takes it first.  The watchdog ends an
  execution by taking it away: then a thread that comes back late finds no token and knows that it was given up.
  (One token in one list, because `list.pop` is one atomic step on every build, and a lock would cost ten times that.)
  If it is the decision itself that never ends, the watchdog makes a new list.
- `_choices` and `_enabled` are the execution so far.
"""

from __future__ import annotations

import sys
import traceback
from _thread import get_ident
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

from .errors import Abandoned, EngineMisused
from .execution import Deadlock, Ending, Failure, LeftTheSeam
from .livelock import describe
from .points import CUT, INTERRUPT, Choice, Observer, Op
from .thread import NOBODY, Offers, Thread
from .workers import parked_lock

__all__ = ["Decisions", "stack_text"]

LATE: Final = "interrupt-after@"
_OFTEN: Final = 1_000
"""Operations of a thread whose execution is over, after which it is told so again."""
_TOO_OFTEN: Final = 5_000
"""After which it is parked for ever: it swallows everything, and goes on."""


class Decisions:
    """What every primitive and every thread of a scenario uses.  `Engine` adds the running of executions."""

    def __init__(self) -> None:
        self._done = parked_lock()
        """Let go by the last thread of an execution: wakes the controlling thread."""
        self._offers: dict[tuple[str, bool], Offers] = {}
        """By thread, and whether it may be struck: made once, for all executions."""
        self._controller = -1
        self._busy = False
        self._lost: dict[int, Thread] = {}
        """Threads that were given up, by the system's number: what they still do goes nowhere."""
        self._forget()

    def _forget(self) -> None:
        self._threads: list[Thread] = []
        self._by_name: dict[str, Thread] = {}
        self._current: Any = NOBODY
        self._last: str | None = None
        self._choices: list[Choice] = []
        self._enabled: list[list[Choice]] = []
        self._turn: list[None] = []
        self._limit = self._bound = 0
        """`_bound`: how many steps an execution may take.  `_limit`: that, or less than 0 to end it before the next."""
        self._ending: Ending | None = None
        self._crash: BaseException | None = None
        self._observer: Observer | None = None
        self._choose: Callable[[Sequence[Choice], str | None], int] = _nobody_chooses
        self._counts: dict[tuple[str, str | None], int] = {}
        self.holders: dict[str, str] = {}
        """Lock -> the thread that has it."""
        self.now = 0.0

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
            if lost.given_up == 2 or lost.given_up % _OFTEN == 0:
                raise Abandoned
            if lost.given_up > _TOO_OFTEN:
                parked_lock().acquire()
            return
        if here == self._controller or not self._busy or here == self._current.ident:
            return
        stack = stack_text(sys._getframe(2))  # noqa: SLF001 - one's own stack
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
        """Take down a step that leaves no choice: its point is one of `UNASKED`."""
        turn = self._turn
        turn.pop()
        try:
            self._take(list(self.offer(me, point, object_, writes=writes)[:1]), turn)
        except BaseException as error:  # noqa: BLE001 - raised in the controlling thread
            self._crash = self._crash or error
            self._limit = -1
        finally:
            turn.append(None)

    def _strike(self, me: Thread) -> bool:
        assert me.taken is not None, "whoever goes on was chosen"
        me.interrupts -= 1
        me.struck += 1
        me.offers = self.may_do(me.name, struck=me.interrupts > 0)
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

    def may_do(self, name: str, *, struck: bool) -> Offers:
        """What a thread of that name can do, as far as it was seen."""
        offers = self._offers.get((name, struck))
        if offers is None:
            offers = self._offers[name, struck] = {}
        return offers

    def fail(self, ending: Ending) -> None:
        """End the execution, with that ending, before its next step; the first one counts."""
        if self._ending is None:
            self._ending = ending
        self._limit = -1

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
        if choices and choices[0][1][0].startswith(INTERRUPT) and self._all_are_blocked(choices):
            choices = []  # that Ctrl-C would end it makes it no less a deadlock
        done = self._choices
        if choices and len(done) < self._limit:
            try:
                if self._observer is None:
                    index = self._choose(choices, self._last)
                    if turn is not self._turn:
                        raise Abandoned
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
                    observed = self._take(choices, turn)
                    if observed is not None and self._limit >= 0:
                        self._current = observed
                        turn.append(None)
                        return observed
            except BaseException as error:  # raised in the controlling thread
                if turn is not self._turn:
                    raise Abandoned from error  # the watchdog has made a new list: nobody waits for this answer
                self._crash = self._crash or error
        self._over(choices)
        return None

    def _all_are_blocked(self, choices: list[Choice]) -> bool:
        """Are interrupts all that is left, of threads that wait?"""
        return all(choice[1][0].startswith(INTERRUPT) for choice in choices) and all(
            thread.waits_for is not None for thread in self._threads if thread.choices
        )

    def _take(self, choices: list[Choice], turn: list[None]) -> Thread | None:
        """Ask the chooser, and take down what it says; the observer looks before and after."""
        observer, done = self._observer, self._choices
        if observer is not None and done and not self._look(observer.after, done[-1]):
            return None
        index = self._choose(choices, self._last)
        if turn is not self._turn:
            raise Abandoned
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
        self._current = NOBODY

    # -- facts --------------------------------------------------------------------------------------------------------
    @property
    def may_strike(self) -> bool:
        """Does the scenario allow interrupts, whether or not they have struck?"""
        return any(thread.interrupts or thread.struck for thread in self._threads)

    def name_object(self, kind: str) -> str:
        """Name a new object: after its kind, who creates it, and how many of that kind that thread created before.

        So the name does not depend on how the creations of different threads were interleaved.
        """
        me = self._current
        creator = None if me is NOBODY or me.ident != get_ident() else me.name
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

    def state_of(self, name: str) -> str:
        """Say in words where a thread is, for a message."""
        thread = self._by_name.get(name)
        if thread is None:
            return f"there is no such thread so far; there are {', '.join(self._by_name) or 'none'}"
        if thread.ended:
            return "it has ended"
        if thread.choices:
            return f"it can go on with {thread.choices[0].op}"
        wanted = thread.waits_for
        if wanted is None:
            return "it waits"
        holder = self.holders.get(wanted.op.object)
        return f"it waits at {wanted.op}" + (f", which {holder} has" if holder else "")

    def frames(self) -> dict[int, FrameType]:
        """Give the innermost frame of every thread of the scenario that runs, by its number."""
        frames = sys._current_frames()  # noqa: SLF001 - the only way to another thread's stack
        return {t.index: frames[t.ident] for t in self._threads if not t.ended and t.worker.job is None}


def _nobody_chooses(choices: Sequence[Choice], last: str | None) -> int:
    return CUT


def stack_text(frame: FrameType | None) -> tuple[str, ...]:
    """Write a thread's stack, outermost first, like the lines of a traceback."""
    if frame is None:
        return ()
    return tuple(traceback.StackSummary.extract(traceback.walk_stack(frame), limit=40).format())[::-1]
