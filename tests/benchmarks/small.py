"""The small protocol that every explorer is given: announce, look again, run, let go; swap, wait, free.

A caller reads the published version, announces itself as a holder, and looks again: the same version, it runs;
another one, it backs out.  The upgrader publishes the next version, waits until nobody holds the one before, and frees
it.  Callers go round for ever, the upgrader does `UPGRADES` rounds.  Three claims are checked in every state:

    alive     a running caller's version is not freed
    counted   the holders of each version are exactly the callers that hold it
    behind    what is freed lies behind what is published

State: now, freed (the versions below it are freed), waits, holders per version, and each caller's place
and version.
"""

CALLERS = 4
UPGRADES = 3

IDLE, READ, ANNOUNCED, RUN = range(4)
