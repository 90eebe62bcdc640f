"""Protocols that must fail: the negative controls of every check.

General layout:

* `entry`: what is said of one that must fail;
* `published`: the published protocol, each of its defects on its own, its repairs;
* `mutants`: the algorithm of this package with one thing wrong;
* `catalogue`: all of them, and the check that each fails exactly as it is said to;
* `plainly`: the same runs without the explorer, by the methods of the model themselves.
"""
