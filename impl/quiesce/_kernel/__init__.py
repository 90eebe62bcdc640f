"""The kernel: what must be right for an upgrade to be safe, and nothing else.

General layout, from the bottom up; a module imports only from those above it:

    states      the words: six states, three policies, phases, gates, lives
    errors      every error that the kernel raises
    arguments   arguments, checked
    manifest    what a plugin says about itself, and the checks of it
    candidate   what an upgrade is made of: a manifest and a way to build the instance
    stats       counts and times
    seam        the only module that touches locks, clocks and threads; the checkers put a twin in its place
    records     one published epoch: version, gate, and the slots that say who holds it
    reclaim     the pointer, what is awaited, and who may be freed: each a short critical section
    epochs      `EpochTracker` and `EpochGuard`: the same mechanism on its own
    book        all that an upgrade changes, as one immutable value
    frames      which of this plugin's calls is a thread inside of?
    calls       the path of a call: a fast one and a slow one
    leases      holding a version without calling it
    scopes      one request: every plugin keeps the version seen first
    loops       how a task waits; an event loop is plugged in from outside
    awaited     the path of a call that is awaited
    held_open   generators, coroutines: what outlives its call
    stragglers  who holds an epoch: thread, age, stack
    decide      the ends of an upgrade: commit, revert, give up, cancel
    upgrade     one upgrade, step by step
    plugin      `HotReloadablePlugin`: the operations
    manager     `HotReloadManager`: plugins by name

The kernel knows nothing of files, imports of plugins, asyncio or metrics.  What lies outside is built on the names that
`quiesce` exports.
"""
