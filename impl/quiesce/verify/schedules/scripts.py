"""What the threads of the configurations do, as functions of drain policy and size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from quiesce import DrainPolicy

from .configuration import Script, Scripts, Size
from .world import World

__all__ = [
    "acknowledging",
    "calling",
    "cancelling",
    "deciding",
    "failing",
    "first_calls",
    "inside",
    "leasing",
    "on_probation",
    "reverting",
    "reverting_in_time",
    "straggling",
    "struck_upgrade",
    "two_upgraders",
    "unregistering",
    "upgrading",
]

NAMES: Final = "abcd"


def calling(size: Size, function: str = "work") -> tuple[Script, ...]:
    """Every caller makes one call."""
    return tuple(Script(name, lambda w: w.call(function), caller=True) for name in NAMES[: size.callers])


def upgrade(w: World, size: Size, timeout: float | None) -> None:
    """Upgrade as often as the size says."""
    for _ in range(size.upgrades):
        w.upgrade(drain_timeout=timeout)


def upgrading(timeout: float | None, function: str = "work") -> Scripts:
    """Callers against upgrades."""

    def scripts(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
        return (*calling(size, function), Script("u", lambda w: upgrade(w, size, timeout)))

    return scripts


def first_calls(function: str, *, interrupts: int = 0) -> Scripts:
    """The first caller does something special, and may be struck."""

    def scripts(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
        first = Script("a", lambda w: w.call(function), caller=True, interrupts=interrupts)
        return (first, *calling(size)[1:], Script("u", lambda w: upgrade(w, size, None)))

    return scripts


def leasing(*, interrupts: int = 0) -> Scripts:
    """The first caller holds a lease."""

    def scripts(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
        first = Script("a", lambda w: w.lease(), caller=True, interrupts=interrupts)
        return (first, *calling(size)[1:], Script("u", lambda w: upgrade(w, size, None)))

    return scripts


def inside(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """The first caller upgrades from inside its call."""
    return (Script("a", lambda w: w.call("upgrade_inside"), caller=True), *calling(size)[1:])


def struck_upgrade(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """The thread that upgrades may be struck."""
    return (*calling(size), Script("u", lambda w: upgrade(w, size, None), interrupts=1))


def cancelling(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """Somebody cancels."""
    return (
        *calling(size),
        Script("u", lambda w: upgrade(w, size, None)),
        Script("x", lambda w: w.ask("cancel", w.plugin.cancel_upgrade)),
    )


def two_upgraders(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """Two threads upgrade at once."""
    return (
        *calling(size),
        Script("u", lambda w: upgrade(w, size, None)),
        Script("x", lambda w: w.upgrade(drain_timeout=None)),
    )


def _revert_first(timeout: float | None) -> Callable[[World, Size], None]:
    def work(w: World, size: Size) -> None:
        w.upgrade(drain_timeout=None, probation=True)
        if not w.ask("revert", lambda: w.plugin.revert(timeout)):
            w.ask("commit", w.plugin.commit)
        for _ in range(size.upgrades - 1):
            w.upgrade(drain_timeout=None)

    return work


def reverting(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """The first upgrade is reverted; the next ones find what it left."""
    return (*calling(size), Script("u", lambda w: _revert_first(None)(w, size)))


def reverting_in_time(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """The same, and the revert has little time; if it fails, the upgrade is committed."""
    return (*calling(size), Script("u", lambda w: _revert_first(1.0)(w, size)))


def on_probation(w: World) -> None:
    """For the set-up: an upgrade that nobody has decided yet."""
    w.upgrade(probation=True)


def deciding(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """One thread commits, another one reverts."""
    return (
        *calling(size),
        Script("u", lambda w: w.ask("commit", w.plugin.commit)),
        Script("x", lambda w: w.ask("revert", lambda: w.plugin.revert(None))),
    )


def unregistering(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """Upgrades, and then the end."""

    def work(w: World) -> None:
        for _ in range(size.upgrades - 1):
            w.upgrade(drain_timeout=None)
        w.ask("unregister", lambda: w.plugin.unregister(None))

    return (*calling(size), Script("u", work))


def failing(*where: str) -> Scripts:
    """One upgrade for each place, failing there; an empty place does not fail."""

    def scripts(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
        def work(w: World) -> None:
            for each in where:
                if each == "health":
                    w.upgrade(drain_timeout=None, health=_unhealthy)
                else:
                    w.upgrade(each, drain_timeout=None)

        return (*calling(size), Script("u", work))

    return scripts


def _unhealthy(_: object) -> bool:
    return False


def straggling(policy: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """An upgrade is rolled back, and the next one finds a straggler of it."""

    def work(w: World) -> None:
        if policy is DrainPolicy.OVERLAP:
            w.upgrade(probation=True)
            w.ask("revert", lambda: w.plugin.revert(0))
        elif w.upgrade(drain_timeout=0):
            return
        if w.held_epochs():
            w.saw("an upgrade begins with a straggler of a rolled-back one")
        for _ in range(size.upgrades - 1):
            w.upgrade(drain_timeout=None)

    return (*calling(size), Script("u", work))


def acknowledging(_: DrainPolicy, size: Size) -> tuple[Script, ...]:
    """A failed upgrade, and somebody who takes note of it while the next one may begin."""

    def work(w: World) -> None:
        w.upgrade("build")
        for _ in range(size.upgrades - 1):
            w.upgrade(drain_timeout=None)

    return (
        *calling(size),
        Script("u", work),
        Script("x", lambda w: w.ask("acknowledge", w.plugin.acknowledge)),
    )
