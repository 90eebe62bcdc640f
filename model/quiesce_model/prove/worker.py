"""A solver in a process of its own: reads requests on standard input, a line of JSON each, and answers each in a line.

Run as a file, by ``children``; it knows nothing of models and imports one solver only, so that it starts quickly and
nothing of this project can be taken along when it is killed.

A request with a ``prelude`` begins a session: declarations and hypotheses, read once.  Each request asks whether its
``assertion`` can hold besides, and is forgotten afterwards (``push`` and ``pop``).  That is three (cvc5) to fifteen
times (z3) faster than a script for each question, measured on 156 obligations.
"""

from __future__ import annotations

import importlib
import json
import sys
from time import perf_counter
from typing import Any

Request = dict[str, Any]
Reply = dict[str, Any]


class Z3:
    """Sessions of z3; of a ``sat`` the model comes along."""

    def __init__(self) -> None:
        self.api: Any = importlib.import_module("z3")  # it has no types, and only one of the two is needed
        self.solver: Any = None

    def begin(self, request: Request) -> None:
        """Read declarations and hypotheses."""
        self.api.set_param("smt.random_seed", request["seed"] or 0)
        self.api.set_param("sat.random_seed", request["seed"] or 0)
        self.solver = self.api.Solver(ctx=self.api.Context())
        self.solver.from_string(request["prelude"])

    def ask(self, request: Request) -> Reply:
        """Whether the assertion can hold besides."""
        solver = self.solver
        solver.set("timeout", max(1, int(request["seconds"] * 1000)))
        solver.push()
        try:
            if request["assertion"]:
                solver.from_string(request["assertion"])
            out: Reply = {"verdict": str(solver.check())}
            if out["verdict"] == "sat":
                out["model"] = solver.model().sexpr()
            elif out["verdict"] == "unknown":
                out["reason"] = solver.reason_unknown()
        finally:
            solver.pop()
        return out


class Cvc5:
    """Sessions of cvc5; of an ``unsat`` the names of the hypotheses that were needed come along."""

    def __init__(self) -> None:
        self.api: Any = importlib.import_module("cvc5")
        self.solver: Any = None
        self.parser: Any = None

    def begin(self, request: Request) -> None:
        """Read declarations and hypotheses."""
        self.solver = self.api.Solver(self.api.TermManager())
        options = {"incremental": "true", "produce-unsat-cores": _flag(request["core"]), **request["options"]}
        options["produce-models"] = _flag(request["model"])
        options["tlimit-per"] = str(max(1, int(request["seconds"] * 1000)))  # of the whole session's questions
        if request["seed"] is not None:
            options.update({"seed": str(request["seed"]), "sat-random-seed": str(request["seed"])})
        for name, value in options.items():
            self.solver.setOption(name, value)
        self.parser = self.api.InputParser(self.solver)
        self._read(request["prelude"])

    def ask(self, request: Request) -> Reply:
        """Whether the assertion can hold besides."""
        self._read("(push 1)\n" + request["assertion"])
        said = self._read("(check-sat)")
        verdict, _, why = said.partition(" ")
        if verdict not in {"unsat", "sat", "unknown"}:
            return {"verdict": "error", "reason": said or "no answer"}
        out: Reply = {"verdict": verdict}
        if verdict == "unknown":
            out["reason"] = why.strip("()").lower() or "incomplete"
        if verdict == "unsat" and request["core"]:
            names = self._read("(get-unsat-core)").strip("()").split("\n")
            out["core"] = [name.strip().strip("|") for name in names if name.strip()]
        if verdict == "sat" and request["model"]:
            out["model"] = self._read("(get-model)")
        self._read("(pop 1)")
        return out

    def _read(self, text: str) -> str:
        self.parser.setIncrementalStringInput(self.api.InputLanguage.SMT_LIB_2_6, "obligation")
        self.parser.appendIncrementalStringInput(text + "\n")
        said = ""
        while not (command := self.parser.nextCommand()).isNull():
            said = str(command.invoke(self.solver, self.parser.getSymbolManager()) or "").strip() or said
            if said.startswith("(error"):
                raise ValueError(said)
        return said


def _flag(value: object) -> str:
    return "true" if value else "false"


def serve(solver: Z3 | Cvc5) -> None:
    """Answer each line until there is no more."""
    for line in sys.stdin:
        request = json.loads(line)
        began = perf_counter()
        try:
            if request["prelude"] is not None:
                solver.begin(request)
            reply = solver.ask(request)
        except Exception as error:  # noqa: BLE001 - whatever the solver objects to goes back to who asked
            reply = {"verdict": "error", "reason": f"{type(error).__name__}: {error}"}
        reply["seconds"] = perf_counter() - began
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(Z3() if sys.argv[1] == "z3" else Cvc5())
