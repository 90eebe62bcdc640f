"""The main job: `quiesce verify`, `quiesce prove` and `quiesce demo`, as a library.  Needs the extra `quiesce[verify]`.

General layout:

    commands.py     the command line (click)
    job.py          the stages, the verdict, the exit code
    evidence.py     rule by evidence; what follows from it
    report.py       the table and build/verify.json
    screen.py       progress on a terminal and in a pipe
    proved.py       both models' obligations, asked of both solvers; what follows for each rule
    prove_report.py the table of the proof, counterexamples, why a rule holds, JSON
    prove_command.py the command `quiesce prove`
    models.py       both models explored, the known-bad protocols caught, on all cores
    load.py         client threads, the driver and the observer around one plugin; the history checked
    driver.py       carries out upgrades and keeps account of what must come of them
    moves.py        every way in which an upgrade can go
    clients.py      client threads and their records
    ledger.py       what directed runs checked
    subject.py      what the load needs of the plugin, so that a broken one can be put in
    files.py        plugin versions as files, good and bad
    model_system.py a model as a transition system for the trace validation of the suite
    word_index.py   the plugin itself
    demo.py         the same load as something to watch
"""
