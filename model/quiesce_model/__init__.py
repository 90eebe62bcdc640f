"""The protocol of plugin hot reload as an explicit state machine, and what can be done with it.

General layout:

- ``vocabulary``: the kinds of things there are (callers, upgraders, versions, epochs) and the states they can be in.
- ``protocol``: what is promised.  Read this first.
- ``algorithm``: how it is done, every atomic step of every thread.  The runtime's code names these steps.
- ``meaning``: what a state and a step of the algorithm are to the protocol: two tables.
- ``refinement``: every step is the one that the tables say, within a bound; ``endings``: what happens in the end, too.
- ``ranks``: how far everybody is from the end of what they do.
- ``rules``: the promises by their stable ids, as data from ``specs/rules.toml``.
- ``known_bad``: protocols that must fail, the published one among them, and how each of them does.
- ``language``: the modelling language: methods that run, and whose source is read.
- ``explore``: every state within a bound, shortest counterexamples, the state graph, fairness.
- ``prove``: the same claims for any number of everything, by two solvers.
- ``export``: the models for other tools.
- ``validate``: is a recorded run a behaviour of the model?

``language`` knows nothing of plugins; ``explore`` and ``validate`` know the language only; the models know the language
and the vocabulary.  Nothing here imports the runtime (``quiesce``): the model is what the runtime is held against.
"""
