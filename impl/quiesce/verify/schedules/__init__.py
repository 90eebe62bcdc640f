"""The runtime under every schedule, each step of it held against the algorithm model.

General layout, each part built on the ones before it:

    tally            what came up over many executions
    graph            the model as nodes that remember their successors
    abstraction      which model state the real plugin is in
    failure          the first step that is none of the model's: rule, guard, both states
    stepping         the model beside one execution: going on, comparing, failing
    callers          a caller's operations as steps of the model
    refine           follows one execution, step by step: the whole, and the sections
    watch            the scheduled seam, telling the refiner of every operation
    world            a real plugin with probes that judge for themselves
    configuration    what a small world is, and one run of it
    scripts          what its threads do
    tracker          `EpochTracker` in the same way
    configurations   all of them, by name
    runs             one configuration under a strategy, and its report
    coverage         which actions of the model were witnessed
    replay           a schedule run again, shrunk, drawn
    soak             larger scopes, for a night, from a checkpoint
    stage            what fits into `quiesce verify`
    commands         `quiesce schedules`, `replay`, `soak`
"""
