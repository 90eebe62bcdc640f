"""A report in the forms that people and tools read.

    text.py      lines, for a pipe and a log
    as_json.py   everything, for programs
    junit.py     JUnit XML, for CI servers
    page.py      one HTML file that needs nothing beside it
    diagram.py   a counterexample as a sequence diagram
    replay.py    how a counterexample is run again

Nothing here needs more than the standard library.
"""
