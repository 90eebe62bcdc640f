"""Ratios against named peers, side by side in one run.  `make bench` runs this; nothing here is a test.

    small.py            the sizes of the small protocol that every explorer is given
    small_ours.py       that protocol in our modelling language
    small_minicheck.py  the same for minicheck: idiomatic, and tuned by hand
    small_musil.py      the same for musil: idiomatic, and tuned by hand
    algorithm.py        the algorithm model, with and without symmetry
    outside.py          SPIN and TLC on the same systems, where they are
    explorers.py        worker: states per second, in whatever interpreter runs it
    calls.py            worker: the price of a guarded call, standard library only, in whatever interpreter runs it
    schedules.py        worker: schedules per second of the engine, and what the seam costs in production
    schedule_peers.py   worker: schedules per second of frontrun and interleave-test
    interpreters.py     finds interpreters, makes the environments that the peers need
    measure.py          rounds in turns, medians
    ratios.py           what is compared with what, and what was asked for
    __main__.py         runs the workers, prints the table, writes build/bench.json

Absolute times belong to the machine that ran them.  What counts is a ratio of two medians
taken in turns in one process.
"""
