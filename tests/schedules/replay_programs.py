"""Programs whose faults need a stated number of preemptions, for the tests of replay, shrinking and drawing."""

from __future__ import annotations

from quiesce_conformance.schedules import Cell, Check, Event, Lock, Scenario, Spawner


def lost_update(spawner: Spawner) -> Check:
    """One preemption, two switches."""
    counter, noise = Cell(spawner.engine, 0, "counter"), Cell(spawner.engine, 0, "noise")

    def add() -> None:
        for _ in range(3):
            noise.update(lambda n: n + 1)
        counter.set(counter.get() + 1)
        noise.update(lambda n: n + 1)

    for name in "abc":
        spawner.thread(name, add)

    def check() -> None:
        if counter.get() != 3:
            raise AssertionError("an update was lost")

    return check


def stale_epoch(spawner: Spawner) -> None:
    """A reader that loads the epoch and counts itself in later: two upgrades overtake it, and free what it uses."""
    engine = spawner.engine
    epoch, version = Cell(engine, 0, "epoch"), Cell(engine, 0, "version")
    counts = [Cell(engine, 0, f"count{i}") for i in range(3)]
    freed = [Cell(engine, value=False, name=f"freed{i}") for i in range(3)]

    def read() -> None:
        mine = epoch.get()
        counts[mine].update(lambda n: n + 1)
        seen = version.get()
        if freed[seen].get():
            raise AssertionError(f"version {seen} is used after it was freed")
        counts[mine].update(lambda n: n - 1)

    def upgrade() -> None:
        for number in range(2):
            version.set(number + 1)
            epoch.set(number + 1)
            if counts[number].get():
                return  # it gives up: the reader is slow
            freed[number].set(True)

    spawner.thread("reader", read)
    spawner.thread("writer", upgrade)


def crossed(spawner: Spawner) -> None:
    """A deadlock."""
    one, two, noise = Lock(spawner.engine, "one"), Lock(spawner.engine, "two"), Cell(spawner.engine, 0)

    def work(first: Lock, second: Lock) -> None:
        noise.get()
        with first:
            noise.get()
            with second:
                noise.get()

    spawner.thread("a", work, one, two)
    spawner.thread("b", work, two, one)
    spawner.thread("c", noise.get)


def impatient(spawner: Spawner) -> Check:
    """Fails only if a wait times out."""
    event = Event(spawner.engine)
    done = Cell(spawner.engine, value=True, name="done")

    def wait() -> None:
        done.set(event.wait(5.0))

    spawner.thread("a", wait)
    spawner.thread("b", event.set)

    def check() -> None:
        if not done.get():
            raise AssertionError("it gave up")

    return check


def struck(spawner: Spawner) -> Check:
    """Fails only if an interrupt strikes between two writes."""
    left, right = Cell(spawner.engine, 0, "left"), Cell(spawner.engine, 0, "right")

    def both() -> None:
        for number in range(3):
            left.set(number)
            right.set(number)

    spawner.thread("a", both, interrupts=1)
    spawner.thread("b", left.get)

    def check() -> None:
        if left.get() != right.get():
            raise AssertionError("half-done")

    return check


PROGRAMS: dict[str, Scenario] = {
    "lost_update": lost_update,
    "stale_epoch": stale_epoch,
    "crossed": crossed,
    "impatient": impatient,
    "struck": struck,
}
