"""The published hot-reload protocol, its defects one by one, and its repairs.

General layout:

* `style`: the published style made sound, with one method for each question that the published code answers wrongly;
* `defects`: each wrong answer on its own, and their sum, the protocol as found;
* `repairs`: the repairs that one would try first, and what is wrong with them;
* `large_steps`: the order of the steps, with everything within a step taken to be atomic;
* `entries`: which rule each of these breaks, after how many steps, and why.
"""
