"""The real kernel and the protocol model, step by step, side by side.

A `Pair` does something to the kernel, waits until all threads stand still, and then takes in the model the actions that
account for what the kernel did.  A model action that is not enabled, a state that differs, a thread that waits for what
has come true: each is a `Disagreement`, which names the guard or the rule and shows both states.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from quiesce import (
    Candidate,
    DrainPolicy,
    HotReloadablePlugin,
    Manifest,
    PluginUnregistered,
    QuiesceError,
    TooManyVersions,
    UpgradeCancelled,
    UpgradeFailed,
    UpgradeInProgress,
    WrongState,
)
from quiesce_model import protocol
from quiesce_model.validate.compiled import Compiled
from quiesce_model.vocabulary import Epoch, Life, Phase, Tally, Thread, Version
from tests.schedules.actors import Actor, Stage

CALLERS = 4
VERSIONS = 24
MANY = 1 << 30
SCOPE = {Thread: CALLERS, Version: VERSIONS, Epoch: MANY, Tally: MANY}
MODELS = {m.policy.name: m for m in protocol.POLICIES}
_COMPILED: dict[str, Compiled] = {}


def compiled(policy: DrainPolicy) -> Compiled:
    if policy.name not in _COMPILED:
        _COMPILED[policy.name] = Compiled(MODELS[policy.name], SCOPE)
    return _COMPILED[policy.name]


class Disagreement(AssertionError):
    """Kernel and model do not agree; the text says about what, and shows both."""


def side_by_side(model: Mapping[str, Any], kernel: Mapping[str, Any]) -> str:
    """Two states as a table; what differs is marked."""
    rows = [(k, _word(model.get(k, "-")), _word(kernel.get(k, "-"))) for k in dict.fromkeys([*model, *kernel])]
    wide = max(len(m) for _, m, _ in rows)
    lines = [f"    {'':<16} {'model':<{wide}}   kernel"]
    for key, m, k in rows:
        mark = "  " if m == k or "-" in {m, k} else "=>"
        lines.append(f" {mark} {key:<16} {m:<{wide}}   {k}")
    return "\n".join(lines)


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_word(k)}: {_word(v)}" for k, v in sorted(value.items())) + "}"
    return str(getattr(value, "name", value))


class Instance:
    """A version whose hooks stop where its operation says."""

    def __init__(self, pair: Pair, op: Operation | None, manifest: Manifest) -> None:
        self.pair, self.op, self.manifest = pair, op, manifest

    def init(self) -> None:
        self.at("init")

    def close(self) -> None:
        self.pair.closed[self.manifest.version] += 1
        if self.op is not None and self.op.fails_in == "close":
            raise ArithmeticError("close")

    def export_state(self) -> str:
        return self.manifest.version

    def import_state(self, state: str) -> None:
        self.at("import_state")

    def at(self, point: str) -> None:
        """Stop, or fail, as the operation says that runs the hook; it need not be the one that built this."""
        op = getattr(threading.current_thread(), "owner", None)
        if isinstance(op, Operation):
            op.at(point)

    def stay(self) -> str:
        """Stay inside; on the way do what one is told: a nested call, an operation."""
        while (order := self.pair.stage.pause(f"inside {self.manifest.version}")) is not None:
            if order == "raise":
                raise LookupError("as it was told")
            try:
                self.pair.answer = order()
            except QuiesceError as error:
                self.pair.answer = error
        return self.manifest.version


class Operation:
    """An operation under way on an actor of its own, and how far the model has followed it."""

    def __init__(
        self, pair: Pair, kind: str, *, fails_in: str = "", pauses: bool = False, probation: bool = False
    ) -> None:
        self.pair, self.kind, self.fails_in, self.pauses, self.probation = pair, kind, fails_in, pauses, probation
        self.stage = "begin"
        self.version = 0
        self.cancelled = self.struck = False
        self.manifest = pair.new_manifest()
        self.actor: Actor

    def candidate(self) -> Candidate:
        def manifest() -> Manifest:
            if self.fails_in == "validate":
                raise ArithmeticError("validate")
            return self.manifest

        def build() -> object:
            self.at("build")
            return Instance(self.pair, self, self.manifest)

        return Candidate(manifest, build)

    def health(self, _: object) -> None:
        self.pair.stage.pause("health")
        if self.fails_in == "health":
            raise ArithmeticError("health")

    def at(self, point: str) -> None:
        if self.pauses:
            self.pair.stage.pause(point)
        if self.fails_in == point:
            raise ArithmeticError(point)

    @property
    def refused(self) -> bool:
        """Whether the kernel refused it at once, as an operation out of place."""
        error = self.actor.error
        return isinstance(error, QuiesceError) and not isinstance(error, UpgradeFailed)


class Pair:
    """Kernel and model, kept in step.

    :param witnessed: counts model actions over many pairs.
    """

    def __init__(self, policy: DrainPolicy, witnessed: Counter[str] | None = None) -> None:
        self.policy, self.witnessed = policy, Counter[str]() if witnessed is None else witnessed
        self.model = compiled(policy)
        self.state = self.model.layout.first()
        self.stage = Stage()
        self.closed: Counter[str] = Counter()
        self.manifests: dict[int, str] = {}
        self.made = 0
        first = self.new_manifest()
        self.manifests[0] = first.version
        self.plugin = HotReloadablePlugin(
            Candidate(first, lambda: Instance(self, None, first)),
            policy=policy,
            max_live_versions=self.model.model.cap,  # type: ignore[attr-defined]  # a constant of the protocol models
            seam=self.stage.seam(),
        )
        self.calls: dict[int, Actor] = {}
        self.operations: list[Operation] = []
        self.answer: Any = None

    def release(self) -> None:
        """Let everybody go, so that every thread ends."""
        for op in self.operations:
            op.pauses = False
        while actors := [a for a in self.stage.actors if not a.ended]:
            for actor in actors:
                if actor.paused:
                    self.stage.resume(actor)
                elif actor.waiting is not None:
                    self.stage.time_out(actor)
            self.stage.settle()

    def new_manifest(self) -> Manifest:
        self.made += 1
        return Manifest("pair", f"{self.made}.0.0", ("stay",))

    # -- the model ----------------------------------------------------------------------------------------------------
    def get(self, name: str, index: int = 0) -> Any:
        return self.model.layout.show_cell(self.state, name, index)

    def enabled(self, action: str, *args: int) -> bool:
        return self.model.take(action, self.state, args) is not None

    def take(self, action: str, *args: int) -> None:
        """Take a model action, because the kernel did what it stands for.

        :raises Disagreement: it is not enabled, or it breaks a claim.
        """
        step = self.model.step(action, self.state, args)
        what = f"{action}({', '.join(map(str, args))})"
        if step.after is None:
            guards = "; ".join(f"{c.text} ({c.place})" for c in self.model.why_disabled(action, self.state, args))
            forced = self.model.forced(action, self.state, args).broken
            rules = ", ".join(dict.fromkeys(r for _, rs in forced for r in rs))
            self.differ(
                f"the kernel did {what}, and the model does not allow it: {guards}; it would break {rules or '-'}"
            )
        if step.broken:
            self.differ(f"{what} breaks {step.broken}")
        assert step.after is not None
        self.state = step.after
        self.witnessed[action] += 1

    def differ(self, what: str) -> None:
        raise Disagreement(f"{self.policy.name}: {what}\n{side_by_side(self.model_view(), self.kernel_view())}")

    def on_probation(self) -> bool:
        """Anybody may commit or revert: the upgrade itself has left that to others."""
        return bool(self.get("undecided")) and not any(o.stage == "health" for o in self.operations)

    # -- following the kernel -----------------------------------------------------------------------------------------
    def follow(self) -> None:
        """Take in the model what accounts for what the kernel did; then compare."""
        for op in sorted(self.operations, key=lambda op: op.stage != "begin"):  # the cause before its consequences
            if op.stage != "over":  # a cancelled one is followed with the one that cancels it
                getattr(self, f"_{op.stage}")(op)
            if op.stage == "over":
                self.operations.remove(op)
                if not op.actor.ended:
                    self.differ(f"{op.kind} should be over, and stands at {op.actor.paused or op.actor.waiting}")
        for t, actor in list(self.calls.items()):
            self._call(t, actor)
        for v in range(VERSIONS):
            if self.enabled("cleanup_old", v):
                if not self.closed[self.manifests[v]]:
                    self.differ(f"M5: version {v} is retired and unheld, and was not freed")
                self.take("cleanup_old", v)
        model, kernel = self.model_view(), self.kernel_view()
        if model != {k: kernel[k] for k in model}:
            self.differ("the states differ")
        if any(n > 1 for n in self.closed.values()):
            self.differ(f"M3: closed more than once: {self.closed}")

    def _call(self, t: int, actor: Actor) -> None:
        if self.get("phase", t) is Phase.INVOKED:
            if actor.paused:
                self.take("start", t)
            elif actor.ended:
                if not isinstance(actor.error, PluginUnregistered):
                    self.differ(f"R5: a call failed with {actor.error!r}")
                self.take("turned_away", t)
            elif self.enabled("start", t) or self.enabled("turned_away", t):
                self.differ("V3: a call waits, and the gate is open")
        if actor.ended:
            del self.calls[t]

    def _begin(self, op: Operation) -> None:
        """The first action of each operation: it is refused exactly where the model does not allow it."""
        first = {"prepare": "prepare_upgrade", "upgrade": "prepare_upgrade", "execute": "drain_in_flight"}
        action = first.get(op.kind, op.kind)
        if op.kind == "revert" and self.policy is DrainPolicy.HOLD:
            action = "drain_for_revert"
        if op.refused:
            deciding = any(o.stage in {"health", "undo_wait"} for o in self.operations if o is not op)
            if self.enabled(action) and not (deciding and op.kind in {"commit", "revert"}):
                self.differ(f"L3: {op.kind} was refused with {op.actor.error!r}, and the model allows it")
            self._right_refusal(op, action)
            op.stage = "over"
            return
        op.version = self.get("candidate")
        was_draining = self.get("state").name == "DRAINING"
        self.take(action)
        match op.kind:
            case "prepare" | "upgrade":
                op.stage = "build"
                self._build(op)
            case "execute":
                op.stage = "drain"
                self._drain(op)
            case "revert" if self.policy is DrainPolicy.HOLD:
                op.stage = "undo_wait"
                self._undo_wait(op)
            case "cancel_upgrade":
                self._cancelled(op, was_draining=was_draining)
            case _:
                op.stage = "over"

    def _right_refusal(self, op: Operation, action: str) -> None:
        error, gone = op.actor.error, self.get("gate").name == "SHUT"
        expected: type[BaseException] = WrongState
        if gone:
            expected = PluginUnregistered
        elif action in {"prepare_upgrade", "unregister"}:
            settled = self.get("state").name in {"ACTIVE", "ROLLED_BACK"}
            expected = TooManyVersions if settled else UpgradeInProgress
        if not isinstance(error, expected):
            self.differ(f"L3: expected {op.kind} to be refused with {expected.__name__}, got {error!r}")

    def _cancelled(self, op: Operation, *, was_draining: bool) -> None:
        op.stage = "over"
        victims = [o for o in self.operations if o.stage in {"build", "init", "drain"} and not o.cancelled]
        for victim in victims:
            victim.cancelled = True
        if op.version and not was_draining and not any(v.stage == "init" for v in victims):
            self.take("discard", op.version)  # it was pending: whoever cancels discards it
        for victim in victims:
            if victim.stage == "drain":
                self._drain(victim)

    def _build(self, op: Operation) -> None:
        if op.actor.paused == "build":
            return
        vain = "_of_a_cancelled_upgrade" if op.cancelled else ""
        if op.fails_in in {"validate", "build"}:
            self.take(f"build{vain}_fails")
            self._ended(op, UpgradeCancelled if op.cancelled else UpgradeFailed)
            return
        self.take(f"build{vain}")
        op.version = self.get("newest")
        self.manifests[op.version] = op.manifest.version
        op.stage = "init"
        self._init(op)

    def _init(self, op: Operation) -> None:
        if op.actor.paused == "init":
            return
        if op.cancelled or op.fails_in == "init":
            if not op.cancelled:
                self.take("init_fails")
            self.take("discard", op.version)
            self._ended(op, UpgradeCancelled if op.cancelled else UpgradeFailed)
            return
        self.take("prepared")
        if op.kind == "prepare":
            self._ended(op)
        else:
            self.take("drain_in_flight")
            op.stage = "drain"
            self._drain(op)

    def _drain(self, op: Operation) -> None:
        if op.cancelled:
            self.take("discard", op.version)
            self._ended(op, UpgradeCancelled)
        elif op.actor.waiting is not None:
            if self.enabled("drained"):
                self.differ("V1: the drain has come to its end, and the upgrade still waits")
        elif op.struck:
            self.take("interrupted")
            self.take("discard", op.version)
            self._ended(op, KeyboardInterrupt)
        elif self._timed_out(op, "DRAIN"):
            self.take("time_out")
            self.take("discard", op.version)
            self._ended(op, UpgradeFailed)
        else:
            self.take("drained")
            op.stage = "handover"
            self._handover(op)

    def _handover(self, op: Operation) -> None:
        if op.actor.paused == "import_state":
            return
        if self.policy is DrainPolicy.HOLD and op.fails_in == "import_state":
            self.take("handover_fails")
            self.take("discard", op.version)
            self._ended(op, UpgradeFailed)
            return
        self.take("atomic_swap")
        op.stage = "health"
        self._health(op)

    def _health(self, op: Operation) -> None:
        if op.actor.paused == "health":
            return
        if op.fails_in == "health" and self.policy is DrainPolicy.HOLD:
            self.take("drain_for_revert")
            op.stage = "undo_wait"
            self._undo_wait(op)
        elif op.fails_in == "health":
            self.take("revert")
            self._ended(op, UpgradeFailed)
        else:
            if not op.probation:
                self.take("commit")
            self._ended(op)

    def _undo_wait(self, op: Operation) -> None:
        if op.actor.waiting is not None:
            if self.enabled("revert"):
                self.differ("V1: the new version is drained, and the revert still waits")
        elif op.struck or self._timed_out(op, "PROBATION"):
            self.take("revert_times_out")
            # Struck while a failed health check is undone, the kernel raises the failure that came first.
            self._ended(op, KeyboardInterrupt if op.struck and op.kind == "revert" else UpgradeFailed)
        else:
            self.take("revert")
            self._ended(op, UpgradeFailed if op.kind != "revert" else None)

    def _timed_out(self, op: Operation, phase: str) -> bool:
        error = op.actor.error
        return type(error).__name__ == "DrainTimeout" and getattr(error, "phase", None).name == phase  # type: ignore[union-attr]  # every UpgradeFailed has a phase

    def _ended(self, op: Operation, expected: type[BaseException] | None = None) -> None:
        op.stage = "over"
        error = op.actor.error
        if (error is None) != (expected is None) or (expected is not None and not isinstance(error, expected)):
            self.differ(f"B4: expected {op.kind} to end with {expected and expected.__name__}, got {error!r}")

    # -- what both look like ------------------------------------------------------------------------------------------
    def model_view(self) -> dict[str, Any]:
        get = self.get
        lives = {v: get("life", v) for v in range(VERSIONS)}
        return {
            "state": get("state").name,
            "version": get("current"),
            "manifest": self.manifests[get("manifest")],
            "epoch": get("epoch"),
            "gate": get("gate").name,
            "succeeded": get("succeeded"),
            "failed": get("failed"),
            "on probation": self.on_probation(),
            "pending": get("ready"),
            "live versions": sum(x in {Life.CANDIDATE, Life.LIVE, Life.RETIRED} for x in lives.values()),
            "freed": {self.manifests[v]: 1 for v, x in lives.items() if x is Life.FREED},
            "running": {t: self.manifests[get("runs", t)] for t in range(CALLERS) if get("phase", t) not in IDLE},
        }

    def kernel_view(self) -> dict[str, Any]:
        seen = self.plugin.snapshot()
        return {
            "state": seen.state.name,
            "version": seen.version - 1,
            "manifest": self.plugin.manifest.version,
            "epoch": self.plugin.epoch,
            "gate": self.plugin._core.current.gate.name,  # noqa: SLF001 - nothing public shows the gate
            "succeeded": seen.stats.successful_upgrades,
            "failed": seen.stats.failed_upgrades,
            "on probation": seen.on_probation,
            "pending": seen.pending is not None,
            "live versions": seen.live_versions,
            "freed": dict(self.closed),
            "running": {t: a.paused.split()[-1] for t, a in self.calls.items() if a.paused},
            "stats.version": seen.stats.version - 1,
        }


IDLE = {Phase.IDLE, Phase.INVOKED}
