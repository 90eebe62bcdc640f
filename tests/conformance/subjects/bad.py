"""Subjects with one fault each, on the right design `Counted`: `breaks` is the rule that must be found broken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Refused
from .correct import Counted

__all__ = ["ALL_BAD"]


class Bad(Counted):
    """What they share: the rules that a fault breaks."""

    breaks: tuple[str, ...] = ()


class ClosesAtOnce(Bad):
    breaks = ("R3",)

    def drained(self) -> bool:
        return True


class ClosesTwice(Bad):
    breaks = ("M3",)

    def free(self, instance: Any) -> None:
        super().free(instance)
        super().free(instance)


class NeverCloses(Bad):
    breaks = ("M5",)

    def free(self, instance: Any) -> None:
        return


class ClosesTheNewOne(Bad):
    breaks = ("M2",)

    def free(self, instance: Any) -> None:
        super().free(self.current)


class DrainsForOneCallTooFew(Bad):
    breaks = ("D3",)

    def drained(self) -> bool:
        return self.busy[self.current] <= 1


class SwapsThoughTheTimeIsOver(Bad):
    breaks = ("D4",)
    late = False

    def drained(self) -> bool:
        return self.late or super().drained()

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        if super().swap(instance, manifest, deadline):
            return True
        self.late = True
        return super().swap(instance, manifest, None)


class IgnoresTheTimeout(Bad):
    breaks = ("V2",)

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        return super().swap(instance, manifest, None)


class CountsFailuresTwice(Bad):
    breaks = ("B2",)

    def failed(self, instance: Any) -> None:
        super().failed(instance)
        self.failures += 1


class CountsNoFailures(Bad):
    breaks = ("B2",)

    def failed(self, instance: Any) -> None:
        super().failed(instance)
        self.failures -= 1


class RolledBackIsATrap(Bad):
    breaks = ("B3",)

    def move(self, legal: set[str], to: str) -> None:
        super().move(legal - {"ROLLED_BACK"}, to)


class FailedPrepareIsATrap(Bad):
    breaks = ("B3",)

    def failed(self, instance: Any) -> None:
        super().failed(instance)
        self.state = "PREPARING_UPGRADE"


class ManifestAtPrepare(Bad):
    breaks = ("T1",)

    def validate(self, manifest: Mapping[str, Any]) -> None:
        super().validate(manifest)
        self.manifest = manifest


class ManifestNever(Bad):
    breaks = ("T1",)

    def published(self, manifest: Mapping[str, Any]) -> None:
        self.done += 1


class CountsTwoUpgrades(Bad):
    breaks = ("S1",)

    def published(self, manifest: Mapping[str, Any]) -> None:
        super().published(manifest)
        self.done += 1


class LongestIsTheSumAndOne(Bad):
    breaks = ("S1",)

    def count(self, lasted: int) -> None:
        super().count(lasted)
        self.longest = self.total + 1


class TakesOtherNames(Bad):
    breaks = ("B1",)

    def validate(self, manifest: Mapping[str, Any]) -> None:
        super().validate({**manifest, "name": self.manifest["name"]})


class TakesAnyHook(Bad):
    breaks = ("B1",)

    def validate(self, manifest: Mapping[str, Any]) -> None:
        super().validate({**manifest, "hooks": {}})


class NestedOnTheCurrent(Bad):
    breaks = ("R4",)

    def call(self, function: str, /, *args: object) -> object:
        instance, hold = self.enter()
        self.leave(hold)
        return getattr(instance, function)(*args)


class LosesHoldsOfFailures(Bad):
    breaks = ("V1",)

    def call(self, function: str, /, *args: object) -> object:
        if getattr(self.inside, "instance", None) is not None:
            return super().call(function, *args)
        instance, hold = self.enter()
        result = getattr(instance, function)(*args)
        self.leave(hold)
        return result


class HidesTheCause(Bad):
    breaks = ("B4",)

    def prepare(self, instance: Any, manifest: Mapping[str, Any]) -> None:
        try:
            super().prepare(instance, manifest)
        except Refused:
            raise Refused("failed") from None


class CancelAlways(Bad):
    breaks = ("L3",)

    def cancel(self) -> None:
        if self.state == "PREPARING_UPGRADE":
            super().cancel()


class CancelForgetsTheCandidate(Bad):
    breaks = ("M4",)

    def cancel(self) -> None:
        with self.guard:
            if self.state != "PREPARING_UPGRADE":
                raise Refused("nothing to cancel")
            self.pending, self.state = None, "ACTIVE"


class TwoUpgraders(Bad):
    breaks = ("L2",)

    def move(self, legal: set[str], to: str) -> None:
        self.state = to


class SecondCallOfATwo(Bad):
    breaks = ("R1",)

    def call(self, function: str, /, *args: object) -> object:
        super().call(function, *args)
        return super().call(function, *args)


class SwallowsExceptions(Bad):
    breaks = ("R1",)

    def call(self, function: str, /, *args: object) -> object:
        try:
            return super().call(function, *args)
        except Exception:  # noqa: BLE001  that is the fault
            return None


class ForgetsWhatFailed(Bad):
    breaks = ("M4",)

    def failed(self, instance: Any) -> None:
        with self.guard:
            self.failures += 1
            self.state = "ROLLED_BACK"


class FreesWhatFailedTwice(Bad):
    breaks = ("M4",)

    def failed(self, instance: Any) -> None:
        self.free(instance)
        super().failed(instance)


class ClosesUntilItWorks(Bad):
    breaks = ("M6",)

    def free(self, instance: Any) -> None:
        for _ in range(2):
            try:
                instance.close()
            except Exception:  # noqa: BLE001  that is the fault
                continue
            return


class DrainsForEver(Bad):
    """The state says so, long after the upgrade has ended."""

    breaks = ("L1",)

    def execute(self) -> None:
        super().execute()
        self.state = "DRAINING"

    def move(self, legal: set[str], to: str) -> None:
        super().move(legal | {"DRAINING"}, to)


class OneCallTooOld(Bad):
    """The first call after an upgrade still gets the old version."""

    breaks = ("T3",)
    late: Any = None

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        old = self.current
        swapped = super().swap(instance, manifest, deadline)
        self.late = old if swapped else None
        return swapped

    def enter(self) -> tuple[Any, Any]:
        instance, hold = super().enter()
        late, self.late = self.late, None
        return late or instance, hold


class AnswersOfAnother(Bad):
    breaks = ("R1",)
    last: object = None

    def call(self, function: str, /, *args: object) -> object:
        found = super().call(function, *args)
        self.last, answer = found, self.last or found
        return answer


class RefusesWhileDraining(Bad):
    breaks = ("R5",)

    def enter(self) -> tuple[Any, Any]:
        if self.state == "DRAINING":
            raise Refused("an upgrade is under way")
        return super().enter()


class InitialisesTooLate(Bad):
    """Published first, initialised then: one that fails serves."""

    breaks = ("B1",)

    def prepare(self, instance: Any, manifest: Mapping[str, Any]) -> None:
        self.move({"ACTIVE", "ROLLED_BACK"}, "PREPARING_UPGRADE")
        try:
            self.validate(manifest)
        except Refused:
            self.failed(instance)
            raise
        self.pending = (instance, manifest)

    def swap(self, instance: Any, manifest: Mapping[str, Any], deadline: float | None) -> bool:
        swapped = super().swap(instance, manifest, deadline)
        if swapped:
            instance.init()
        return swapped


class WaitsForItself(Bad):
    """An upgrade from inside a call waits for that call."""

    breaks = ("D6",)

    def execute(self) -> None:
        outer, self.inside.instance = getattr(self.inside, "instance", None), None
        try:
            super().execute()
        finally:
            self.inside.instance = outer


class ServesWhatIsPrepared(Bad):
    breaks = ("T2",)

    def enter(self) -> tuple[Any, Any]:
        instance, hold = super().enter()
        return self.pending[0] if self.pending else instance, hold


class TriesAgainOnTheNew(Bad):
    """A call during which a new version came runs a second time, on that one."""

    breaks = ("R2",)

    def drained(self) -> bool:
        return True

    def call(self, function: str, /, *args: object) -> object:
        before = self.current
        found = super().call(function, *args)
        return found if self.current is before else super().call(function, *args)


class TheOldOneOnceMore(Bad):
    """The second call after an upgrade gets the old version."""

    breaks = ("T4",)
    late: tuple[Any, int] | None = None

    def free(self, instance: Any) -> None:
        self.late = (instance, 2)

    def enter(self) -> tuple[Any, Any]:
        instance, hold = super().enter()
        if self.late is None:
            return instance, hold
        old, calls = self.late
        self.late = (old, calls - 1) if calls > 1 else None
        return (instance if calls > 1 else old), hold


ALL_BAD: Mapping[str, type[Bad]] = {one.__name__: one for one in Bad.__subclasses__()}
