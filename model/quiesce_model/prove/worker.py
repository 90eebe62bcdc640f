"""A solver in a process of its own: reads requests on standard input, a line of JSON each, and answers each in a line.

Run as a file, by ``solvers``; it knows nothing of models and imports one solver only, so that it starts quickly and
nothing of this project can be taken along when it is killed.  Each request gets a solver (and a context) of its own:
an answer depends on its request alone, not on what was asked before.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

Request = dict[str, Any]
Reply = dict[str, Any]


def z3(request: Request) -> Reply:
    """Ask z3; of a ``sat`` the model comes along."""
    api: Any = importlib.import_module("z3")  # it has no types, and only one of the two is needed
    api.set_param("smt.random_seed", request["seed"] or 0)
    api.set_param("sat.random_seed", request["seed"] or 0)
    solver = api.Solver(ctx=api.Context())
    solver.set("timeout", int(request["seconds"] * 1000))
    solver.from_string(request["smt"].replace("(check-sat)", ""))
    verdict = str(solver.check())
    out: Reply = {"verdict": verdict}
    if verdict == "sat":
        out["model"] = solver.model().sexpr()
    elif verdict == "unknown":
        out["reason"] = solver.reason_unknown()
    return out


def cvc5(request: Request) -> Reply:
    """Ask cvc5; of an ``unsat`` the names of the hypotheses that were needed come along."""
    api: Any = importlib.import_module("cvc5")
    solver = api.Solver(api.TermManager())
    solver.setOption("tlimit-per", str(int(request["seconds"] * 1000)))
    if request["seed"] is not None:
        solver.setOption("seed", str(request["seed"]))
        solver.setOption("sat-random-seed", str(request["seed"]))
    for name, value in request["options"].items():
        solver.setOption(name, value)
    if request["core"]:
        solver.setOption("produce-unsat-cores", "true")
    if request["model"]:
        solver.setOption("produce-models", "true")
    parser = api.InputParser(solver)
    symbols = parser.getSymbolManager()
    said: list[str] = []

    def read(text: str) -> None:
        parser.setIncrementalStringInput(api.InputLanguage.SMT_LIB_2_6, "obligation")
        parser.appendIncrementalStringInput(text)
        while not (command := parser.nextCommand()).isNull():
            said.append(str(command.invoke(solver, symbols) or "").strip())

    read(request["smt"])
    said = [line for line in said if line]
    verdict, _, why = said[-1].partition(" ") if said else ("no answer", "", "")
    if verdict not in {"unsat", "sat", "unknown"}:
        return {"verdict": "error", "reason": f"{verdict} {why}".strip()}
    out: Reply = {"verdict": verdict}
    if verdict == "unknown":
        out["reason"] = why.strip("()").lower() or "incomplete"
    if verdict == "unsat" and request["core"]:
        said.clear()
        read("(get-unsat-core)")
        out["core"] = [name.strip("|") for name in _symbols(said[-1])]
    if verdict == "sat" and request["model"]:
        said.clear()
        read("(get-model)")
        out["model"] = said[-1]
    return out


def _symbols(text: str) -> list[str]:
    return [line.strip() for line in text.strip().strip("()").splitlines() if line.strip()]


def serve(answer: Callable[[Request], Reply]) -> None:
    """Answer each line until there is no more."""
    for line in sys.stdin:
        request = json.loads(line)
        request["began"] = began = perf_counter()
        try:
            reply = answer(request)
        except Exception as error:  # noqa: BLE001 - whatever the solver objects to goes back to who asked
            reply = {"verdict": "error", "reason": f"{type(error).__name__}: {error}"}
        reply["seconds"] = perf_counter() - began
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve({"z3": z3, "cvc5": cvc5}[sys.argv[1]])
