"""A report in the forms that people and tools read.

    text.py      lines, for a pipe, a log and the pytest plugin
    as_json.py   everything, for programs
    junit.py     JUnit XML, for CI servers
    page.py      one HTML file that needs nothing beside it
    diagram.py   a counterexample as a sequence diagram
    files.py     a file is there whole or not at all

Nothing here needs more than the standard library; the table in colours is the command line's.
"""
