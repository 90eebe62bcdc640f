"""Why counting is allowed: what is assumed of a count, as theorems about finite sets and their cardinality.

cvc5 has a theory of sets with cardinality and proves them; z3 has none, so these are asked of cvc5 alone.  That
"nothing else changes" means equal sets apart from the points is the lemma on equal members.

On paper remains: there are finitely many threads and upgraders (of a numbered sort it is an obligation of the model).
Source: Bansal, Barrett, Reynolds, Tinelli, "Reasoning with Finite Sets and Cardinality Constraints in SMT" (2018).
"""

from __future__ import annotations

from collections.abc import Sequence

from quiesce_model.prove.obligation import Obligation

__all__ = ["lemmas"]


def lemmas(most_points: int = 3) -> list[Obligation]:
    """What is assumed of a count, as obligations about finite sets and their cardinality, for cvc5.

    :param most_points: prove the lemma on steps for one to so many points.
    """
    one_set = ["(declare-sort X 0)", "(declare-fun S () (Set X))", "(declare-fun p () X)"]
    two_sets = [*one_set, "(declare-fun T () (Set X))"]
    out = [
        _lemma("a count is never negative", one_set, [], "(<= 0 (set.card S))"),
        _lemma("a count sees each", one_set, [("p_counts", "(set.member p S)")], "(<= 1 (set.card S))"),
        _lemma(
            "a count that is not zero has a witness",
            one_set,
            [("at_least_one", "(<= 1 (set.card S))")],
            "(exists ((?x X)) (set.member ?x S))",
        ),
        _lemma(
            "what has the same members is the same set",
            two_sets,
            [("same_members", "(forall ((?x X)) (= (set.member ?x S) (set.member ?x T)))")],
            "(= S T)",
        ),
        _lemma(
            "a count of nobody is zero",
            one_set,
            [("nobody", "(forall ((?x X)) (not (set.member ?x S)))")],
            "(= (set.card S) 0)",
        ),
    ]
    for n in range(1, most_points + 1):
        names = [f"p{i}" for i in range(n)]
        declared = [*two_sets, *(f"(declare-fun {p} () X)" for p in names)]
        rest = "".join(f" {p}" for p in names[:-1])
        written = f"(set.insert{rest} (set.singleton {names[-1]}))" if rest else f"(set.singleton {names[-1]})"
        hypotheses = [("nothing_else_changes", f"(= (set.minus S {written}) (set.minus T {written}))")]
        parts = []
        for i, p in enumerate(names):
            new = f"(and true {' '.join(f'(not (= {p} {q}))' for q in names[:i])})"
            parts.append(f"(- (ite (and {new} (set.member {p} T)) 1 0) (ite (and {new} (set.member {p} S)) 1 0))")
        goal = f"(= (set.card T) (+ (set.card S) {' '.join(parts)}))"
        out.append(
            _lemma(f"a step moves a count by what {n} point{'s' * (n > 1)} contribute", declared, hypotheses, goal)
        )
    return out


def _lemma(about: str, declared: Sequence[str], hypotheses: Sequence[tuple[str, str]], goal: str) -> Obligation:
    return Obligation(
        name=f"counting: {about}",
        kind="counting",
        model="counting",
        policy="",
        rules=(),
        action=None,
        claim=about,
        declarations=tuple(declared),
        hypotheses=tuple(hypotheses),
        goal=goal,
        solvers=("cvc5",),
    )
