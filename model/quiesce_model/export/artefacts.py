"""All generated files of ``specs/``: what they are, how they are made, and whether they are still true.

    python -m quiesce_model.export.artefacts             make them all (`make specs`)
    python -m quiesce_model.export.artefacts --check     are they stale? (part of `make stale`)
    python -m quiesce_model.export.artefacts --check --all   ... making every one of them again to see

Each file names the digest of the model that it came from, so that a glance tells whether it speaks of this model.  That
alone would not notice a file edited by hand or a mended exporter.  So a check makes again what is cheap to make and
compares; golden traces and counterexamples, whose search takes long, are replayed on the model instead.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quiesce_model import rules
from quiesce_model.export import counterexamples, golden
from quiesce_model.export.crosscheck import MODELS, SCOPES, at_rest, breaks_in_promela, module_name, rare
from quiesce_model.export.digest import digest
from quiesce_model.export.names import slug
from quiesce_model.export.obligations import scripts
from quiesce_model.export.promela import Promela
from quiesce_model.export.table import table
from quiesce_model.export.tla import Tla, config
from quiesce_model.known_bad.catalogue import catalogue
from quiesce_model.language import Model
from quiesce_model.language.sorts import Scope
from quiesce_model.prove.proof import obligations

__all__ = ["KINDS", "Kind", "check", "main", "make"]

Files = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Kind:
    """A group of files.

    :param folder: where they are, below ``specs/``; a file's own name if there is only one.
    :param files: makes them: path below ``specs/`` and text, for a digest.
    :param quick: whether a check makes them again.
    :param replay: what a check does instead: raises if the text is not true of the model.
    """

    folder: str
    files: Callable[[str], Files]
    quick: bool = True
    replay: Callable[[str], object] | None = None


def _note(of: str) -> str:
    return f"Digest of the model: {of}."


def _promela(of: str) -> Files:
    for model in MODELS:
        sizes = SCOPES[_family(model)][0]
        ends: dict[str, Any] = {}
        if _family(model) == "algorithm":
            ends = {"ends": at_rest(model), "finitely": rare(model)}
        head = [
            _note(of),
            "",
            "All states, no claim broken:",
            "spin -a F; gcc -O2 -DSAFETY -DNOREDUCE -DVECTORSZ=4096 -o pan pan.c; ./pan -E",
        ]
        if ends:
            head += [
                "Every upgrade ends:",
                "spin -DLIVENESS -a F; gcc -O2 -DNOREDUCE -DNFAIR=3 -DVECTORSZ=4096 -o pan pan.c; ./pan -a -f",
            ]
        yield f"promela/{_family(model)}_{model.__name__.lower()}.pml", Promela(model, sizes, head=head, **ends).text()


def _known_bad(of: str) -> Files:
    for entry in catalogue():
        yield f"promela/known_bad/{slug(entry.name)}.pml", breaks_in_promela(entry, [_note(of)]).text()


def _tla(of: str) -> Files:
    for model in MODELS:
        family = _family(model)
        ends: dict[str, Any] = {}
        if family == "algorithm":
            ends = {"ends": at_rest(model), "finitely": rare(model)}
        module = Tla(model, module_name(model), head=[_note(of)], **ends)
        yield f"tla/{module.name}.tla", module.text()
        for sizes in SCOPES[family]:
            yield f"tla/{module.name}_{_short(sizes)}.cfg", f"\\* {_note(of)}\n{config(module, sizes)}"
        if ends:
            text = config(module, SCOPES[family][0], liveness=True)
            yield f"tla/{module.name}_{_short(SCOPES[family][0])}_ends.cfg", f"\\* {_note(of)}\n{text}"


def _family(model: type[Model]) -> str:
    return model.__module__.rpartition(".")[2]


def _short(sizes: Scope) -> str:
    """A scope as part of a file name: callers, upgraders, versions, epochs, counts."""
    return "_".join(str(n) for n in sizes.values())


def _transitions(of: str) -> Files:
    yield "transitions.json", json.dumps({"digest": of, **table()}, indent=1, ensure_ascii=True) + "\n"


def _obligations(of: str) -> Files:
    for name, text in scripts(obligations(), [_note(of)]).items():
        yield f"obligations/{name}", text


def _golden(of: str) -> Files:
    for name in golden.MODELS:
        lines = golden.golden(name, {"digest": of})
        text = "".join(json.dumps(line, separators=(", ", ": ")) + "\n" for line in lines)
        yield f"golden/{name.replace('.', '_').lower()}.jsonl", text


def _counterexamples(of: str) -> Files:
    for entry in catalogue():
        found = counterexamples.counterexample(entry, {"digest": of})
        yield f"counterexamples/{slug(entry.name)}.json", counterexamples.dumps(found)


KINDS: Mapping[str, Kind] = {
    "promela": Kind("promela", _promela),
    "known-bad": Kind("promela/known_bad", _known_bad, quick=False),
    "tla": Kind("tla", _tla),
    "transitions": Kind("transitions.json", _transitions),
    "obligations": Kind("obligations", _obligations),
    "golden": Kind("golden", _golden, quick=False, replay=golden.check),
    "counterexamples": Kind(
        "counterexamples", _counterexamples, quick=False, replay=lambda text: counterexamples.check(json.loads(text))
    ),
}


def there(specs: Path, kind: Kind) -> dict[str, Path]:
    """The files of a kind that exist, by path below ``specs/``."""
    at = specs / kind.folder
    found = [at] if at.is_file() else [p for p in sorted(at.glob("*")) if p.is_file()]
    return {p.relative_to(specs).as_posix(): p for p in found}


def make(specs: Path, only: Collection[str] = tuple(KINDS), say: Callable[[str], object] = lambda _: None) -> int:
    """Make the files of some kinds anew, and remove those of these kinds that are not made any more.

    Returns:
        How many were written.

    """
    of, n = digest(), 0
    for name in only:
        kind = KINDS[name]
        made = dict(kind.files(of))
        for path in there(specs, kind).keys() - made.keys():
            (specs / path).unlink()
        for path, text in made.items():
            (specs / path).parent.mkdir(parents=True, exist_ok=True)
            (specs / path).write_text(text, encoding="ascii", newline="\n")
        n += len(made)
        say(f"{name}: {len(made)} files, {sum(map(len, made.values())):,} bytes")
    return n


def check(
    specs: Path, only: Collection[str] = tuple(KINDS), *, everything: bool = False, of: str | None = None
) -> Iterator[str]:
    """What is stale, file by file.

    :param everything: make every file again, not only the cheap ones.
    :param of: the digest that files must name; ``None``: that of this model.
    """
    wanted = of or digest()
    for name in only:
        kind = KINDS[name]
        found = there(specs, kind)
        if not found:
            yield f"specs/{kind.folder}: missing"
            continue
        stale = {path for path, file in found.items() if _digest_in(file) != wanted}
        yield from (f"specs/{path}: made from another model" for path in sorted(stale))
        if stale:
            continue
        if kind.quick or everything:
            yield from _compare(dict(kind.files(wanted)), found)
        elif kind.replay is not None:
            yield from _replay(kind.replay, found)
        if not kind.quick and not everything:
            expected = {f"{kind.folder}/{slug(e.name)}" for e in catalogue()} if "golden" not in name else None
            have = {path.rpartition(".")[0] for path in found}
            if expected is not None and have != expected:
                yield f"specs/{kind.folder}: expected a file for each known-bad protocol, differs in {have ^ expected}"
            if expected is None and len(found) != len(golden.MODELS):
                yield f"specs/{kind.folder}: expected {len(golden.MODELS)} files, got {len(found)}"


def _digest_in(file: Path) -> str | None:
    found = re.search(r"[Dd]igest[^:\n]{0,20}:\s*\"?([0-9a-f]{16})", file.read_text(encoding="utf-8")[:2000])
    return found[1] if found else None


def _compare(made: Mapping[str, str], found: Mapping[str, Path]) -> Iterator[str]:
    for path in sorted(made.keys() | found.keys()):
        if path not in found:
            yield f"specs/{path}: missing"
        elif path not in made:
            yield f"specs/{path}: is not made any more"
        elif made[path] != found[path].read_text(encoding="utf-8"):
            yield f"specs/{path}: not what is made today"


def _replay(replay: Callable[[str], object], found: Mapping[str, Path]) -> Iterator[str]:
    for path, file in found.items():
        try:
            replay(file.read_text(encoding="utf-8"))
        except (golden.GoldenError, counterexamples.CounterexampleError, ValueError) as error:
            yield f"specs/{path}: {error}"


def main(arguments: list[str] | None = None) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m quiesce_model.export.artefacts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="report what is stale instead of making it")
    parser.add_argument("--all", action="store_true", help="with --check: make every file again to see")
    parser.add_argument("--only", nargs="+", choices=tuple(KINDS), default=tuple(KINDS), help="some kinds of files")
    parser.add_argument("--specs", type=Path, default=rules.path().parent, help="the folder (default: the checkout's)")
    options = parser.parse_args(arguments)

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    if not options.check:
        make(options.specs, options.only, say)
        return 0
    findings = list(check(options.specs, options.only, everything=options.all))
    for finding in findings:
        say(f"stale: {finding}")
    say("run `make specs`" if findings else "nothing is stale")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
