"""Several plugins upgraded together, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from quiesce import Candidate, HotReloadManager, HotReloadState, InvalidArgument, Manifest, UnknownPlugin
from quiesce.groups import GroupUpgradeFailed, upgrade_group

NAMES = ("store", "pages", "search")


class Part:
    def __init__(self, name: str, number: int, log: list[str], fails: bool = False) -> None:
        self.name, self.number, self.log, self.fails = name, number, log, fails
        self.closed = False

    def init(self) -> None:
        self.log.append(f"init {self.name}")
        if self.fails:
            raise LookupError(self.name)

    def close(self) -> None:
        self.closed = True

    def get(self) -> int:
        return self.number


def part(name: str, number: int, log: list[str], fails: bool = False) -> Candidate[Part]:
    return Candidate(Manifest(name, f"{number}.0.0", ("get",)), lambda: Part(name, number, log, fails))


def started(log: list[str]) -> HotReloadManager:
    manager = HotReloadManager()
    for name in NAMES:
        manager.register(part(name, 1, log))
    log.clear()
    return manager


def answers(manager: HotReloadManager) -> list[int]:
    return [manager.get(name).call("get") for name in NAMES]


def test_all_are_prepared_and_then_swapped_in_the_order_of_their_dependencies() -> None:
    log: list[str] = []
    manager = started(log)

    def healthy(instance: object) -> bool:
        assert isinstance(instance, Part)
        log.append(f"swapped {instance.name}")
        return True

    numbers = upgrade_group(
        manager,
        {name: part(name, 2, log) for name in NAMES},
        after={"store": ["search", "elsewhere"], "pages": ["store"], "elsewhere": ["pages"]},
        health_check=healthy,
    )
    order = ["search", "store", "pages"]
    assert log == [f"init {name}" for name in order] + [f"swapped {name}" for name in order]
    assert (list(numbers), answers(manager)) == (order, [2, 2, 2])
    assert {manager.get(name).state for name in NAMES} == {HotReloadState.ACTIVE}
    assert [manager.get(name).snapshot().live_versions for name in NAMES] == [1, 1, 1]


@pytest.mark.rule("B1", "B4")
def test_one_that_cannot_be_prepared_leaves_all_as_they_were() -> None:
    log: list[str] = []
    manager = started(log)
    before = [manager.get(name).epoch for name in NAMES]
    with pytest.raises(GroupUpgradeFailed, match="'search'") as failed:
        upgrade_group(manager, {name: part(name, 2, log, fails=name == "search") for name in NAMES})
    assert (failed.value.left, isinstance(failed.value.__cause__.__cause__, LookupError)) == ({}, True)  # type: ignore[union-attr]  # chained
    assert (answers(manager), [manager.get(name).epoch for name in NAMES]) == ([1, 1, 1], before)
    assert [manager.get(name).snapshot().live_versions for name in NAMES] == [1, 1, 1]
    upgrade_group(manager, {name: part(name, 2, log) for name in NAMES})


@pytest.mark.rule("B1", "M2")
@pytest.mark.parametrize("bad", NAMES)
@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
def test_one_that_fails_its_health_check_takes_back_those_before_it(bad: str, error: type[BaseException]) -> None:
    log: list[str] = []
    manager = started(log)

    def check(instance: object) -> None:
        if getattr(instance, "name", None) == bad:
            raise error

    expected = GroupUpgradeFailed if issubclass(error, Exception) else error
    with pytest.raises(expected):
        upgrade_group(manager, {name: part(name, 2, log) for name in NAMES}, health_check=check)
    assert answers(manager) == [1, 1, 1]
    assert all(manager.get(name).snapshot().pending is None for name in NAMES)
    assert [manager.get(name).snapshot().live_versions for name in NAMES] == [1, 1, 1]


def test_one_that_is_busy_takes_back_what_was_prepared_and_leaves_the_other_upgrade_alone() -> None:
    log: list[str] = []
    manager = started(log)
    manager.get("search").prepare_upgrade(part("search", 7, log))
    with pytest.raises(GroupUpgradeFailed, match="'search'"):
        upgrade_group(manager, {name: part(name, 2, log) for name in NAMES})
    assert manager.get("search").execute_upgrade() == 2
    assert answers(manager) == [1, 1, 7]


def test_what_cannot_be_taken_back_is_named() -> None:
    log: list[str] = []
    manager = started(log)

    def check(instance: object) -> None:
        if getattr(instance, "name", None) == "pages":
            manager.get("store").commit()  # somebody decides while the group is on probation
            raise LookupError

    with pytest.raises(GroupUpgradeFailed, match="store could not be taken back") as failed:
        upgrade_group(manager, {name: part(name, 2, log) for name in NAMES}, health_check=check)
    assert list(failed.value.left) == ["store"]
    assert answers(manager) == [2, 1, 1]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (lambda m: upgrade_group(m, {"nobody": part("nobody", 2, [])}), UnknownPlugin),
        (lambda m: upgrade_group(m, dict.fromkeys(["store"], cast("Any", "candidate"))), InvalidArgument),
        (lambda m: upgrade_group(m, {"store": part("store", 2, [])}, after={"store": "pages"}), InvalidArgument),
        (lambda m: upgrade_group(m, {"store": part("store", 2, [])}, probation=True), InvalidArgument),
        (
            lambda m: upgrade_group(
                m, {n: part(n, 2, []) for n in NAMES}, after={"store": ["pages"], "pages": ["store"]}
            ),
            InvalidArgument,
        ),
    ],
)
def test_bad_arguments_change_nothing(bad: Callable[[Any], object], error: type[Exception]) -> None:
    manager = started([])
    before = [manager.get(name).snapshot() for name in NAMES]
    with pytest.raises(error):
        bad(manager)
    assert [manager.get(name).snapshot() for name in NAMES] == before


def test_an_empty_group_is_no_upgrade() -> None:
    assert upgrade_group(started([]), {}) == {}
