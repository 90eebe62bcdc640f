"""Mutants of reclamation: what is freed, when, how often, and how the close hook is run."""

# ruff: noqa: E501 - lines of the kernel are quoted as they stand there
from __future__ import annotations

from tests.schedules.mutants.mutant import Mutant, Patch

__all__ = ["MUTANTS"]

_HELD = """        if any(record.version is version and record.holders() for record in (*self.past, self.current)):
            return book
"""

MUTANTS = [
    Mutant(
        name="frees_under_holders",
        story="A retired version is freed while calls run on it.",
        patches=(Patch("reclaim", _HELD, ""),),
        breaks=("M1", "R3", "M2"),
        scenarios=(
            "overlap/swap",
            "continue/unregister",
        ),
        model="FreesWithoutLookingAtHolders",
    ),
    Mutant(
        name="asks_one_record_only",
        story="Only the newest of the version's records is asked for holders.",
        patches=(
            Patch(
                "reclaim",
                _HELD,
                "        if [r.holders() for r in (*self.past, self.current) if r.version is version][-1]:\n"
                "            return book\n",
            ),
        ),
        breaks=("M1", "R3", "M2"),
        scenarios=("overlap/swap",),
        model="LooksAtOneRecordOnly",
    ),
    Mutant(
        name="frees_twice",
        story="Whoever looks frees a version that is not held, also one that was freed.",
        patches=(
            Patch(
                "reclaim",
                "        if book.lives.get(version) is not Life.RETIRED:\n",
                "        if book.lives.get(version, Life.RETIRED) is not Life.RETIRED:\n",
            ),
        ),
        breaks=("M3",),
        scenarios=(
            "overlap/swap@1x1",
            "overlap/swap",
        ),
        model="FreesTwice",
    ),
    Mutant(
        name="looks_without_the_lock",
        story="What a release owes is done outside the lock: it overwrites what others write meanwhile.",
        patches=(
            Patch(
                "reclaim",
                "        self.section(body)\n        self.close_freed()\n",
                "        body()\n        self.close_freed()\n",
            ),
        ),
        breaks=("L1", "L5", "T1", "M3", "M5", "S1", "L2", "M4", "V1", "B2"),
        scenarios=("overlap/swap",),
        why_no_model="every step of the model is one section; a section without its lock is none",
    ),
    Mutant(
        name="retires_before_the_swap",
        story="The old version is retired when the drain ends, though calls may still start on it.",
        patches=(
            Patch(
                "upgrade",
                "        book = replace(book, state=S.SWAPPING, attempt=None, stats=self.after_drain(drain))\n",
                "        lives = {**book.lives, book.serving: Life.RETIRED}\n"
                "        book = replace(book, state=S.SWAPPING, attempt=None, stats=self.after_drain(drain), lives=lives)\n",
            ),
        ),
        breaks=("M2", "R5", "M1", "R3"),
        scenarios=("continue/swap",),
        model="RetiresBeforeTheSwap",
    ),
    Mutant(
        name="commits_without_looking",
        story="The version that lost is retired, and nobody looks whether it can be freed.",
        patches=(
            Patch(
                "decide",
                'core.write("cleanup_old", core.reclaimed(core.book, version), attempt, Up.IDLE)',
                'core.write("cleanup_old", core.book, attempt, Up.IDLE)',
            ),
        ),
        breaks=("M5",),
        scenarios=("continue/swap",),
        model="CommitsWithoutLooking",
    ),
    Mutant(
        name="frees_on_probation",
        story="When probation begins the old version is retired: there is nothing left to revert to.",
        patches=(
            Patch(
                "upgrade",
                'self.core.write("begin_probation", replace(self.core.book, probation=True), attempt, Up.IDLE)',
                "book = self.core.book\n"
                "        lives = {v: Life.RETIRED if v is book.previous else life for v, life in book.lives.items()}\n"
                '        self.core.write("begin_probation", replace(book, probation=True, lives=lives), attempt, Up.IDLE)',
            ),
        ),
        breaks=("M2", "M1"),
        scenarios=("continue/revert",),
        model="FreesOnProbation",
    ),
    Mutant(
        name="candidate_is_forgotten",
        story="A candidate whose init fails is dropped, with all that it had opened.",
        patches=(
            Patch(
                "decide",
                'core.write("init_fails", book, attempt, Up.DISCARD)',
                'core.write("init_fails", book, attempt, Up.IDLE)',
            ),
        ),
        breaks=("M4",),
        scenarios=("continue/failing-init",),
        model="CandidateForgotten",
    ),
    Mutant(
        name="candidate_is_freed_twice",
        story="Who cancels discards the candidate that another thread is still initialising, and that thread does, too.",
        patches=(
            Patch(
                "decide",
                "            attempt.version = book.pending\n"
                "            at = Up.IDLE if book.pending is None else Up.DISCARD\n",
                "            attempt.version = victim.version if victim is not None else book.pending\n"
                "            at = Up.IDLE if attempt.version is None else Up.DISCARD\n",
            ),
        ),
        breaks=("M4",),
        scenarios=("continue/cancel",),
        model="CandidateFreedTwice",
    ),
    Mutant(
        name="unregister_frees_at_once",
        story="The version goes with the name, whoever is still inside.",
        patches=(
            Patch(
                "decide",
                "        book = replace(book, shut=True, lives={**book.lives, book.serving: Life.RETIRED})\n",
                "        book = core.freed(replace(book, shut=True), book.serving)\n",
            ),
        ),
        breaks=("G2", "R3", "M1", "M2"),
        scenarios=("continue/unregister",),
        model="UnregisterFreesAtOnce",
    ),
    Mutant(
        name="one_version_too_many",
        story="The bound on live versions is passed by one.",
        patches=(Patch("upgrade", "        if alive >= self.bound:\n", "        if alive > self.bound:\n"),),
        breaks=("M7",),
        scenarios=("extra/bound",),
        model="NoCapOnVersions",
    ),
    Mutant(
        name="close_hook_under_the_lock",
        story="The close hook runs inside a critical section: what it asks of the plugin is refused.",
        patches=(
            Patch(
                "reclaim",
                "            mine.append(version)\n            self.book = book\n",
                "            self.book = book\n            version.close()\n",
            ),
        ),
        breaks=("M6", "D6"),
        scenarios=("extra/close_hook",),
        why_no_model="freeing is one step of the model; the close hook is below its level",
    ),
    Mutant(
        name="close_hook_is_tried_again",
        story="A close hook that raises is called once more.",
        patches=(
            Patch(
                "candidate",
                "            failure = CloseFailure(self.manifest.name, self.number, error)\n",
                "            hook()\n            failure = CloseFailure(self.manifest.name, self.number, error)\n",
            ),
        ),
        breaks=("M6", "M3"),
        scenarios=("extra/close_hook",),
        why_no_model="a close hook of the model cannot fail",
    ),
    Mutant(
        name="failing_close_hook_goes_up",
        story="A close hook's failure is raised in the thread that happened to let go last.",
        patches=(
            Patch(
                "candidate",
                "        except BaseException as error:  # noqa: BLE001 - reported: the thread that runs this is not to blame\n",
                "        except ZeroDivisionError as error:\n",
            ),
        ),
        breaks=("M6", "R1"),
        scenarios=("extra/close_hook",),
        why_no_model="a close hook of the model cannot fail",
    ),
]
