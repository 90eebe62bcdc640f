"""The model, written for tools that are not ours and for readers.

General layout, each part built on the ones before it:

========================  =====================================================================
names, updates, words     bound names kept apart; assignments in order; helper methods, put back
promela, spin             a model within a scope as Promela; SPIN run on it
tla, tlc                  a model as a TLA+ module; TLC run on it
table                     every action and claim as data, for documents
golden, counterexamples   runs that the model has, and runs that the known-bad ones have
artefacts                 all of it as the files of ``specs/``, each with the digest of the model
crosscheck                our explorer against SPIN and TLC: counts, failures, fair cycles
========================  =====================================================================

What is exported is what was read from the methods' source.  If the reader or an exporter is wrong, the counts of the
foreign tools differ from ours; that is what they are for.
"""
