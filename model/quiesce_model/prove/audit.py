"""Could the proof have failed, in full: the three checks of ``vacuity`` over every model, as data.

Slow (minutes): `make soak` runs it and the docs show it.  A part of each is in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from quiesce_model import algorithm, protocol
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.known_bad.entry import KnownBad
from quiesce_model.language import Model
from quiesce_model.language.digest import model_digest
from quiesce_model.prove.counterexample import counterexample
from quiesce_model.prove.induction import induction
from quiesce_model.prove.liveness import ranking
from quiesce_model.prove.obligation import Obligation, model_names
from quiesce_model.prove.proof import POLICIES
from quiesce_model.prove.refinement import refinement
from quiesce_model.prove.solvers import Answer, check
from quiesce_model.prove.vacuity import Failing, dropping_each, failing, guards, never
from quiesce_model.rules import rules

__all__ = ["LEFT_OUT", "audit", "digests", "guards_hold", "mutants", "stale", "without_each"]

LEFT_OUT = {
    "published": "the published protocol and its repairs are models of their own, with no inductive argument",
}
"""Known-bad protocols that no obligation is asked of, and why."""


def guards_hold(models: Iterable[type[Model]], *, limit_seconds: float = 10.0) -> dict[str, dict[str, str]]:
    """Model -> action -> what z3 says of its guard and the invariants; ``never`` where the policy rules it out."""
    out: dict[str, dict[str, str]] = {}
    for model in models:
        name = ".".join(model_names(model))
        out[name] = dict.fromkeys(never(model), "never")
        for a in check(guards(model), ["z3"], limit_seconds):
            out[name][str(a.obligation.action)] = a.verdict
    return out


def of_the_algorithm(entry: KnownBad) -> bool:
    """Whether the entry is the algorithm with something wrong: its obligations are those of the right one, but some."""
    return issubclass(entry.model, algorithm.Algorithm)


def mutants(entries: Iterable[KnownBad], *, limit_seconds: float = 2.0) -> dict[str, dict[str, Any]]:
    """Known-bad protocol -> the obligations that fail, how, and of which rules."""
    out: dict[str, dict[str, Any]] = {}
    for entry in entries:
        by_induction = failing(entry.model, limit_seconds=limit_seconds)
        found = [*by_induction.answers]
        if entry.kind != "safety":
            found += failing(entry.model, limit_seconds=limit_seconds, obligations=ranking(entry.model)).answers
        whole = Failing(entry.model, by_induction.obligations, tuple(found))
        own = [a for a in found if entry.breaks in a.obligation.rules]
        out[entry.name] = {
            "breaks": entry.breaks,
            "caught": bool(found),
            "by its own rule": bool(own),
            **_how(own or found),
            "failing": len(found),
            "rules": sorted(whole.rules),
        }
    return out


def _how(answers: Sequence[Answer]) -> dict[str, str | None]:
    """The obligation that fails most plainly: z3 has a counterexample, or one is found in a small scope, or neither."""
    for a in answers:
        if a.verdict == "sat":
            return {"fails": a.obligation.name, "how": "sat"}
    for a in answers:
        try:
            if counterexample(a.obligation) is not None:
                return {"fails": a.obligation.name, "how": "counterexample in a small scope"}
        except TimeoutError:
            continue
    if not answers:
        return {"fails": None, "how": None}
    return {"fails": answers[0].obligation.name, "how": answers[0].verdict}


def _all_of(model: type[Model]) -> list[Obligation]:
    """What is proved of a model, and from it."""
    for abstract, concrete in POLICIES.values():
        if model is concrete:
            return [*induction(model), *refinement(model, abstract), *ranking(model)]
    return induction(model)


def without_each(*, limit_seconds: float = 5.0) -> list[dict[str, Any]]:
    """What happens without each invariant, of the protocol and of the algorithm."""
    out = []
    for part, models in (("protocol", protocol.POLICIES), ("algorithm", algorithm.POLICIES)):
        for d in dropping_each(models, limit_seconds=limit_seconds, obligations=_all_of):
            first = d.missed_by[0] if d.missed_by else None
            out.append(
                {
                    "model": part,
                    "invariant": d.invariant,
                    "rules": list(d.rules),
                    "needed": d.needed,
                    "stays": d.stays,
                    "fails": None if first is None else first.obligation.name,
                    "how": None if first is None else first.verdict,
                }
            )
    return out


def digests() -> dict[str, str]:
    """What the audit is about: each model, and its digest."""
    entries = {e.name: e.model for e in catalogue() if of_the_algorithm(e)}
    own = {".".join(model_names(m)): m for m in (*protocol.POLICIES, *algorithm.POLICIES)}
    return {name: model_digest(m) for name, m in {**own, **entries}.items()}


def stale(found: Mapping[str, Any]) -> list[str]:
    """The models that are not what they were when an audit was made, new and missing ones included."""
    now, then = digests(), found.get("digests", {})
    return sorted(name for name in {*now, *then} if now.get(name) != then.get(name))


def audit(say: Callable[[str], object] = lambda _: None) -> dict[str, Any]:
    """All three, in full; ``open`` lists what nobody could wish for, in words.

    Raises:
        SolverMissingError: a solver is not installed, or too old.

    """
    models = (*protocol.POLICIES, *algorithm.POLICIES)
    found_guards = guards_hold(models)
    say(f"guards: {sum(v == 'sat' for m in found_guards.values() for v in m.values())} can be taken")
    entries = [e for e in catalogue() if of_the_algorithm(e)]
    found_mutants = mutants(entries)
    say(f"mutants: {sum(m['caught'] for m in found_mutants.values())} of {len(entries)} have a failing obligation")
    dropped = without_each()
    say(f"invariants: {sum(d['needed'] for d in dropped)} of {len(dropped)} are missed by another obligation")
    caught = {rule for m in found_mutants.values() for rule in m["rules"]}
    safety = [r.id for r in rules().values() if r.kind == "safety"]
    problems = [
        f"{m}: {a} {v}" for m, acts in found_guards.items() for a, v in acts.items() if v not in {"sat", "never"}
    ]
    problems += [f"{name}: no obligation fails" for name, m in found_mutants.items() if not m["caught"]]
    problems += [f"no mutant has a failing obligation of rule {rule}" for rule in safety if rule not in caught]
    problems += [
        f"{d['model']}: {d['invariant']} is neither needed nor a promise" for d in dropped if d["stays"][0] == "n"
    ]
    return {
        "digests": digests(),
        "guards": found_guards,
        "mutants": found_mutants,
        "left out": LEFT_OUT,
        "invariants": dropped,
        "rules caught": {r: sorted(n for n, m in found_mutants.items() if r in m["rules"]) for r in sorted(caught)},
        "open": problems,
    }
