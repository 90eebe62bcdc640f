-------------------------- MODULE AlgorithmContinue --------------------------
(* quiesce_model.algorithm.Continue.
   Digest of the model: 1ff438d067b0fb2c.
   Generated: change the model, not this file. *)

EXTENDS Integers, FiniteSets

CONSTANTS Thread, Upgrader, MaxEpoch, MaxVersion, MaxTally

HotReloadState == {"ACTIVE", "PREPARING_UPGRADE", "DRAINING", "SWAPPING", "UPGRADE_COMPLETE", "ROLLED_BACK"}
Epoch == 0..MaxEpoch
Version == 0..MaxVersion
Gate == {"OPEN", "HELD", "SHUT"}
Life == {"UNBORN", "CANDIDATE", "LIVE", "RETIRED", "FREED"}
Tally == 0..MaxTally
Pc == {"IDLE", "READ", "ANNOUNCE", "CONFIRM", "RETRACT", "RUN", "NESTED", "PEEK", "LOOK", "LOOK_AGAIN"}
Up == {"IDLE", "BUILD", "INIT", "SCAN", "WAIT", "HANDOVER", "SWAP", "DECIDE", "UNDO_SCAN", "UNDO_WAIT", "LOOK", "DISCARD"}

VARIABLES
  state,
  now,
  code,
  gate,
  holders,
  newest,
  life,
  pending,
  previous,
  probation,
  succeeded,
  failed,
  pc,
  epoch,
  inner,
  up,
  mine,
  ticket,
  woken

of_Thread == <<pc, epoch, inner>>
of_Upgrader == <<up, mine, ticket, woken>>
vars == <<state, now, code, gate, holders, newest, life, pending, previous, probation, succeeded,
          failed, pc, epoch, inner, up, mine, ticket, woken>>

TypeOK ==
  /\ state \in HotReloadState
  /\ now \in Epoch
  /\ code \in [Epoch -> Version]
  /\ gate \in Gate
  /\ holders \in [Epoch -> Int]
  /\ newest \in Version
  /\ life \in [Version -> Life]
  /\ pending \in Version
  /\ previous \in Version
  /\ probation \in BOOLEAN
  /\ succeeded \in Tally
  /\ failed \in Tally
  /\ pc \in [Thread -> Pc]
  /\ epoch \in [Thread -> Epoch]
  /\ inner \in [Thread -> Epoch]
  /\ up \in [Upgrader -> Up]
  /\ mine \in [Upgrader -> Version]
  /\ ticket \in [Upgrader -> BOOLEAN]
  /\ woken \in [Upgrader -> BOOLEAN]

Init ==
  /\ state = "ACTIVE"
  /\ now = 0
  /\ code = [x \in Epoch |-> 0]
  /\ gate = "OPEN"
  /\ holders = [x \in Epoch |-> 0]
  /\ newest = 0
  /\ life = [x \in Version |-> IF x = 0 THEN "LIVE" ELSE "UNBORN"]
  /\ pending = 0
  /\ previous = 0
  /\ probation = FALSE
  /\ succeeded = 0
  /\ failed = 0
  /\ pc = [x \in Thread |-> "IDLE"]
  /\ epoch = [x \in Thread |-> 0]
  /\ inner = [x \in Thread |-> 0]
  /\ up = [x \in Upgrader |-> "IDLE"]
  /\ mine = [x \in Upgrader |-> 0]
  /\ ticket = [x \in Upgrader |-> FALSE]
  /\ woken = [x \in Upgrader |-> FALSE]

settled == state \in {"ACTIVE", "ROLLED_BACK"}

runs(t) == pc[t] \in {"RUN", "NESTED"}

drained == \A e \in Epoch : (e < now) => (holders[e] = 0)

may_decide(u) == (up[u] = "DECIDE") \/ ((up[u] = "IDLE") /\ probation)

\* It has no call under way, though it may still have to look whom it leaves behind.
is_out(t) == pc[t] \in {"IDLE", "PEEK", "LOOK"}

alive == Cardinality({v \in Version : life[v] \in {"CANDIDATE", "LIVE", "RETIRED"}})

unheld(v) == \A e \in Epoch : ((e <= now) /\ (code[e] = v)) => (holders[e] = 0)

nobody_runs(v) == \A t \in Thread : runs(t) => (code[epoch[t]] # v)

a_call_is_awaited == \E u \in Upgrader, t \in Thread : (up[u] = "WAIT") /\ ~woken[u] /\ runs(t)

room == (alive + Cardinality({u \in Upgrader : up[u] = "BUILD"})) < 3

holds(t, e) == ((pc[t] \in {"CONFIRM", "RETRACT"}) \/ runs(t)) /\ (epoch[t] = e)

drives(u) == ticket[u] \/ (up[u] \in {"HANDOVER", "SWAP", "DECIDE", "UNDO_SCAN", "UNDO_WAIT"})

has_a_candidate(u) == up[u] \in {"INIT", "SCAN", "WAIT", "HANDOVER", "SWAP", "DISCARD"}

old_and_new_run == \E t \in Thread, x \in Thread : runs(t) /\ runs(x) /\ (code[epoch[t]] # code[epoch[x]])

invoke(t) ==
  /\ pc[t] = "IDLE"
  /\ pc' = [pc EXCEPT ![t] = "READ"]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, epoch, inner, of_Upgrader>>

read(t) ==
  /\ pc[t] = "READ"
  /\ gate # "HELD"
  /\ IF gate = "SHUT"
     THEN /\ pc' = [pc EXCEPT ![t] = "IDLE"]
          /\ UNCHANGED epoch
     ELSE /\ pc' = [pc EXCEPT ![t] = "ANNOUNCE"]
          /\ epoch' = [epoch EXCEPT ![t] = now]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, inner, of_Upgrader>>

announce(t) ==
  /\ pc[t] = "ANNOUNCE"
  /\ holders' = [holders EXCEPT ![epoch[t]] = @ + 1]
  /\ pc' = [pc EXCEPT ![t] = "CONFIRM"]
  /\ UNCHANGED <<state, now, code, gate, newest, life, pending, previous, probation, succeeded,
                 failed, epoch, inner, of_Upgrader>>

\* The second look; a call's start is its success.
confirm(t) ==
  /\ pc[t] = "CONFIRM"
  /\ pc' = IF epoch[t] = now THEN [pc EXCEPT ![t] = "RUN"] ELSE [pc EXCEPT ![t] = "RETRACT"]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, epoch, inner, of_Upgrader>>

retract(t) ==
  /\ pc[t] = "RETRACT"
  /\ holders' = [holders EXCEPT ![epoch[t]] = @ - 1]
  /\ pc' = [pc EXCEPT ![t] = "LOOK_AGAIN"]
  /\ UNCHANGED <<state, now, code, gate, newest, life, pending, previous, probation, succeeded,
                 failed, epoch, inner, of_Upgrader>>

\* A call from inside the call: no pointer is read, no gate is asked.
nest(t) ==
  /\ pc[t] = "RUN"
  /\ pc' = [pc EXCEPT ![t] = "NESTED"]
  /\ inner' = [inner EXCEPT ![t] = epoch[t]]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, epoch, of_Upgrader>>

unnest(t) ==
  /\ pc[t] = "NESTED"
  /\ pc' = [pc EXCEPT ![t] = "RUN"]
  /\ inner' = [inner EXCEPT ![t] = 0]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, epoch, of_Upgrader>>

finish(t) ==
  /\ pc[t] = "RUN"
  /\ holders' = [holders EXCEPT ![epoch[t]] = @ - 1]
  /\ pc' = [pc EXCEPT ![t] = "PEEK"]
  /\ UNCHANGED <<state, now, code, gate, newest, life, pending, previous, probation, succeeded,
                 failed, epoch, inner, of_Upgrader>>

\* Whoever leaves a record that is no longer current may be the one whom others wait for.
peek(t) ==
  /\ pc[t] = "PEEK"
  /\ IF epoch[t] = now
     THEN /\ pc' = [pc EXCEPT ![t] = "IDLE"]
          /\ epoch' = [epoch EXCEPT ![t] = 0]
     ELSE /\ pc' = [pc EXCEPT ![t] = "LOOK"]
          /\ UNCHANGED epoch
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, inner, of_Upgrader>>

look(t) ==
  /\ pc[t] \in {"LOOK", "LOOK_AGAIN"}
  /\ pc' = [pc EXCEPT ![t] = IF pc[t] = "LOOK" THEN "IDLE" ELSE "READ"]
  /\ epoch' = [epoch EXCEPT ![t] = 0]
  /\ life' = IF (life[code[epoch[t]]] = "RETIRED") /\ unheld(code[epoch[t]]) THEN [life EXCEPT ![code[epoch[t]]] = "FREED"] ELSE life
  /\ woken' = IF drained THEN [u \in Upgrader |-> woken[u] \/ (up[u] \in {"WAIT", "UNDO_WAIT"})] ELSE woken
  /\ UNCHANGED <<state, now, code, gate, holders, newest, pending, previous, probation, succeeded,
                 failed, inner, up, mine, ticket>>

prepare_upgrade(u) ==
  /\ up[u] = "IDLE"
  /\ settled
  /\ gate # "SHUT"
  /\ room
  /\ state' = "PREPARING_UPGRADE"
  /\ up' = [up EXCEPT ![u] = "BUILD"]
  /\ ticket' = [ticket EXCEPT ![u] = TRUE]
  /\ UNCHANGED <<now, code, gate, holders, newest, life, pending, previous, probation, succeeded,
                 failed, mine, woken, of_Thread>>

\* Validation or construction fails: there is no candidate to discard.
build_fails(u) ==
  /\ up[u] = "BUILD"
  /\ ticket[u] => (failed + 1 \in Tally)
  /\ up' = [up EXCEPT ![u] = "IDLE"]
  /\ mine' = [mine EXCEPT ![u] = 0]
  /\ ticket' = [IF ticket[u] THEN [ticket EXCEPT ![u] = FALSE] ELSE ticket EXCEPT ![u] = FALSE]
  /\ IF ticket[u]
     THEN /\ state' = "ROLLED_BACK"
          /\ failed' = failed + 1
     ELSE /\ UNCHANGED <<state, failed>>
  /\ UNCHANGED <<now, code, gate, holders, newest, life, pending, previous, probation, succeeded,
                 woken, of_Thread>>

build(u) ==
  /\ up[u] = "BUILD"
  /\ newest + 1 \in Version
  /\ newest' = newest + 1
  /\ life' = [life EXCEPT ![newest + 1] = "CANDIDATE"]
  /\ up' = [up EXCEPT ![u] = "INIT"]
  /\ mine' = [mine EXCEPT ![u] = newest + 1]
  /\ UNCHANGED <<state, now, code, gate, holders, pending, previous, probation, succeeded, failed,
                 ticket, woken, of_Thread>>

init_fails(u) ==
  /\ up[u] = "INIT"
  /\ ticket[u] => (failed + 1 \in Tally)
  /\ up' = [up EXCEPT ![u] = "DISCARD"]
  /\ IF ticket[u]
     THEN /\ state' = "ROLLED_BACK"
          /\ failed' = failed + 1
          /\ ticket' = [ticket EXCEPT ![u] = FALSE]
     ELSE /\ UNCHANGED <<state, failed, ticket>>
  /\ UNCHANGED <<now, code, gate, holders, newest, life, pending, previous, probation, succeeded,
                 mine, woken, of_Thread>>

prepared(u) ==
  /\ up[u] = "INIT"
  /\ IF ticket[u]
     THEN /\ pending' = mine[u]
          /\ up' = [up EXCEPT ![u] = "IDLE"]
          /\ mine' = [mine EXCEPT ![u] = 0]
          /\ ticket' = [ticket EXCEPT ![u] = FALSE]
     ELSE /\ up' = [up EXCEPT ![u] = "DISCARD"]
          /\ UNCHANGED <<pending, mine, ticket>>
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, previous, probation, succeeded,
                 failed, woken, of_Thread>>

drain_in_flight(u) ==
  /\ up[u] = "IDLE"
  /\ state = "PREPARING_UPGRADE"
  /\ pending # 0
  /\ now + 1 \in Epoch
  /\ state' = "DRAINING"
  /\ now' = now + 1
  /\ code' = [code EXCEPT ![now + 1] = code[now]]
  /\ gate' = "OPEN"
  /\ pending' = 0
  /\ up' = [up EXCEPT ![u] = "SCAN"]
  /\ mine' = [mine EXCEPT ![u] = pending]
  /\ ticket' = [ticket EXCEPT ![u] = TRUE]
  /\ UNCHANGED <<holders, newest, life, previous, probation, succeeded, failed, woken, of_Thread>>

\* Look once for what the drain waits for; from here on, whoever releases looks.
scan(u) ==
  /\ up[u] = "SCAN"
  /\ up' = [up EXCEPT ![u] = "WAIT"]
  /\ woken' = [woken EXCEPT ![u] = drained \/ ~ticket[u]]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, probation,
                 succeeded, failed, mine, ticket, of_Thread>>

\* The event is set: the point of no return, unless somebody cancelled.
drained_in_time(u) ==
  /\ up[u] = "WAIT"
  /\ woken[u]
  /\ woken' = [woken EXCEPT ![u] = FALSE]
  /\ IF ticket[u]
     THEN /\ state' = "SWAPPING"
          /\ up' = [up EXCEPT ![u] = "SWAP"]
          /\ ticket' = [ticket EXCEPT ![u] = FALSE]
     ELSE /\ up' = [up EXCEPT ![u] = "DISCARD"]
          /\ UNCHANGED <<state, ticket>>
  /\ UNCHANGED <<now, code, gate, holders, newest, life, pending, previous, probation, succeeded,
                 failed, mine, of_Thread>>

time_out(u) ==
  /\ up[u] = "WAIT"
  /\ ticket[u]
  /\ ~woken[u]
  /\ failed + 1 \in Tally
  /\ (gate = "HELD") => (now + 1 \in Epoch)
  /\ state' = "ROLLED_BACK"
  /\ failed' = failed + 1
  /\ up' = [up EXCEPT ![u] = "DISCARD"]
  /\ ticket' = [ticket EXCEPT ![u] = FALSE]
  /\ IF gate = "HELD"
     THEN /\ now' = now + 1
          /\ code' = [code EXCEPT ![now + 1] = code[now]]
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<now, code, gate>>
  /\ UNCHANGED <<holders, newest, life, pending, previous, probation, succeeded, mine, woken,
                 of_Thread>>

\* An asynchronous exception strikes the thread that upgrades: the way out, from wherever it is.
interrupted(u) ==
  /\ up[u] \in {"SCAN", "WAIT", "HANDOVER", "SWAP"}
  /\ (ticket[u] \/ (up[u] \in {"HANDOVER", "SWAP"})) => (failed + 1 \in Tally)
  /\ ((ticket[u] \/ (up[u] \in {"HANDOVER", "SWAP"})) /\ (gate = "HELD")) => (now + 1 \in Epoch)
  /\ up' = [up EXCEPT ![u] = "DISCARD"]
  /\ woken' = [woken EXCEPT ![u] = FALSE]
  /\ IF ticket[u] \/ (up[u] \in {"HANDOVER", "SWAP"})
     THEN /\ state' = "ROLLED_BACK"
          /\ failed' = failed + 1
          /\ ticket' = [ticket EXCEPT ![u] = FALSE]
          /\ IF gate = "HELD"
             THEN /\ now' = now + 1
                  /\ code' = [code EXCEPT ![now + 1] = code[now]]
                  /\ gate' = "OPEN"
             ELSE /\ UNCHANGED <<now, code, gate>>
     ELSE /\ UNCHANGED <<state, now, code, gate, failed, ticket>>
  /\ UNCHANGED <<holders, newest, life, pending, previous, probation, succeeded, mine, of_Thread>>

atomic_swap(u) ==
  /\ up[u] = "SWAP"
  /\ now + 1 \in Epoch
  /\ state' = "UPGRADE_COMPLETE"
  /\ now' = now + 1
  /\ code' = [code EXCEPT ![now + 1] = mine[u]]
  /\ gate' = "OPEN"
  /\ life' = [life EXCEPT ![mine[u]] = "LIVE"]
  /\ previous' = code[now]
  /\ up' = [up EXCEPT ![u] = "DECIDE"]
  /\ mine' = [mine EXCEPT ![u] = 0]
  /\ UNCHANGED <<holders, newest, pending, probation, succeeded, failed, ticket, woken, of_Thread>>

begin_probation(u) ==
  /\ up[u] = "DECIDE"
  /\ probation' = TRUE
  /\ up' = [up EXCEPT ![u] = "IDLE"]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, life, pending, previous, succeeded, failed,
                 mine, ticket, woken, of_Thread>>

\* Retire strictly after publishing: from here on the old version only loses holders.
commit(u) ==
  /\ may_decide(u)
  /\ succeeded + 1 \in Tally
  /\ state' = "ACTIVE"
  /\ life' = [life EXCEPT ![previous] = "RETIRED"]
  /\ previous' = 0
  /\ probation' = FALSE
  /\ succeeded' = succeeded + 1
  /\ up' = [up EXCEPT ![u] = "LOOK"]
  /\ mine' = [mine EXCEPT ![u] = previous]
  /\ UNCHANGED <<now, code, gate, holders, newest, pending, failed, ticket, woken, of_Thread>>

\* A publication of its own; under HOLD the new version is drained first, behind a closed gate.
revert(u) ==
  /\ may_decide(u)
  /\ now + 1 \in Epoch
  /\ failed + 1 \in Tally
  /\ state' = "ROLLED_BACK"
  /\ now' = now + 1
  /\ code' = [code EXCEPT ![now + 1] = previous]
  /\ gate' = "OPEN"
  /\ life' = [life EXCEPT ![code[now]] = "RETIRED"]
  /\ previous' = 0
  /\ probation' = FALSE
  /\ failed' = failed + 1
  /\ up' = [up EXCEPT ![u] = "LOOK"]
  /\ mine' = [mine EXCEPT ![u] = code[now]]
  /\ UNCHANGED <<holders, newest, pending, succeeded, ticket, woken, of_Thread>>

cleanup_old(u) ==
  /\ up[u] = "LOOK"
  /\ up' = [up EXCEPT ![u] = "IDLE"]
  /\ mine' = [mine EXCEPT ![u] = 0]
  /\ ticket' = [ticket EXCEPT ![u] = FALSE]
  /\ life' = IF (life[mine[u]] = "RETIRED") /\ unheld(mine[u]) THEN [life EXCEPT ![mine[u]] = "FREED"] ELSE life
  /\ UNCHANGED <<state, now, code, gate, holders, newest, pending, previous, probation, succeeded,
                 failed, woken, of_Thread>>

\* Wins or loses against the drain's end, never both: both are sections of one lock.
cancel_upgrade(u) ==
  /\ up[u] = "IDLE"
  /\ state \in {"PREPARING_UPGRADE", "DRAINING"}
  /\ (state = "DRAINING") => (failed + 1 \in Tally)
  /\ ((state = "DRAINING") /\ (gate = "HELD")) => (now + 1 \in Epoch)
  /\ ticket' = [w \in Upgrader |-> FALSE]
  /\ IF state = "DRAINING"
     THEN /\ state' = "ROLLED_BACK"
          /\ failed' = failed + 1
          /\ woken' = [w \in Upgrader |-> woken[w] \/ (up[w] = "WAIT")]
          /\ IF gate = "HELD"
             THEN /\ now' = now + 1
                  /\ code' = [code EXCEPT ![now + 1] = code[now]]
                  /\ gate' = "OPEN"
             ELSE /\ UNCHANGED <<now, code, gate>>
          /\ UNCHANGED <<pending, up, mine>>
     ELSE /\ state' = "ACTIVE"
          /\ IF pending = 0
             THEN /\ UNCHANGED <<pending, up, mine>>
             ELSE /\ pending' = 0
                  /\ up' = [up EXCEPT ![u] = "DISCARD"]
                  /\ mine' = [mine EXCEPT ![u] = pending]
          /\ UNCHANGED <<now, code, gate, failed, woken>>
  /\ UNCHANGED <<holders, newest, life, previous, probation, succeeded, of_Thread>>

discard(u) ==
  /\ up[u] = "DISCARD"
  /\ life' = [life EXCEPT ![mine[u]] = "FREED"]
  /\ up' = [up EXCEPT ![u] = "IDLE"]
  /\ mine' = [mine EXCEPT ![u] = 0]
  /\ ticket' = [ticket EXCEPT ![u] = FALSE]
  /\ UNCHANGED <<state, now, code, gate, holders, newest, pending, previous, probation, succeeded,
                 failed, woken, of_Thread>>

acknowledge ==
  /\ state = "ROLLED_BACK"
  /\ gate # "SHUT"
  /\ state' = "ACTIVE"
  /\ UNCHANGED <<now, code, gate, holders, newest, life, pending, previous, probation, succeeded,
                 failed, of_Thread, of_Upgrader>>

unregister(u) ==
  /\ up[u] = "IDLE"
  /\ settled
  /\ gate # "SHUT"
  /\ now + 1 \in Epoch
  /\ now' = now + 1
  /\ code' = [code EXCEPT ![now + 1] = code[now]]
  /\ gate' = "SHUT"
  /\ life' = [life EXCEPT ![code[now]] = "RETIRED"]
  /\ previous' = 0
  /\ probation' = FALSE
  /\ up' = [up EXCEPT ![u] = "LOOK"]
  /\ mine' = [mine EXCEPT ![u] = code[now]]
  /\ UNCHANGED <<state, holders, newest, pending, succeeded, failed, ticket, woken, of_Thread>>

Next ==
  \/ \E t \in Thread : invoke(t)
  \/ \E t \in Thread : read(t)
  \/ \E t \in Thread : announce(t)
  \/ \E t \in Thread : confirm(t)
  \/ \E t \in Thread : retract(t)
  \/ \E t \in Thread : nest(t)
  \/ \E t \in Thread : unnest(t)
  \/ \E t \in Thread : finish(t)
  \/ \E t \in Thread : peek(t)
  \/ \E t \in Thread : look(t)
  \/ \E u \in Upgrader : prepare_upgrade(u)
  \/ \E u \in Upgrader : build_fails(u)
  \/ \E u \in Upgrader : build(u)
  \/ \E u \in Upgrader : init_fails(u)
  \/ \E u \in Upgrader : prepared(u)
  \/ \E u \in Upgrader : drain_in_flight(u)
  \/ \E u \in Upgrader : scan(u)
  \/ \E u \in Upgrader : drained_in_time(u)
  \/ \E u \in Upgrader : time_out(u)
  \/ \E u \in Upgrader : interrupted(u)
  \/ \E u \in Upgrader : atomic_swap(u)
  \/ \E u \in Upgrader : begin_probation(u)
  \/ \E u \in Upgrader : commit(u)
  \/ \E u \in Upgrader : revert(u)
  \/ \E u \in Upgrader : cleanup_old(u)
  \/ \E u \in Upgrader : cancel_upgrade(u)
  \/ \E u \in Upgrader : discard(u)
  \/ acknowledge
  \/ \E u \in Upgrader : unregister(u)

\* A process that could go on for ever does.  The steps that are missing here may be put off for ever.
Fairness ==
  /\ \A t \in Thread : WF_vars(
       \/ read(t)
       \/ announce(t)
       \/ confirm(t)
       \/ retract(t)
       \/ unnest(t)
       \/ finish(t)
       \/ peek(t)
       \/ look(t))
  /\ \A u \in Upgrader : WF_vars(
       \/ build_fails(u)
       \/ build(u)
       \/ init_fails(u)
       \/ prepared(u)
       \/ scan(u)
       \/ drained_in_time(u)
       \/ atomic_swap(u)
       \/ begin_probation(u)
       \/ commit(u)
       \/ revert(u)
       \/ cleanup_old(u)
       \/ discard(u))

Spec == Init /\ [][Next]_vars /\ Fairness

\* R5: a call starts on a version that is initialised (asserted by confirm)
confirm_R5 == \A t \in Thread : ((pc[t] = "CONFIRM") /\ (epoch[t] = now)) => (life[code[epoch[t]]] = "LIVE")

\* M2: the current version is never freed (asserted by look)
look_M2 == \A t \in Thread : ((pc[t] \in {"LOOK", "LOOK_AGAIN"}) /\ (life[code[epoch[t]]] = "RETIRED") /\ unheld(code[epoch[t]]) /\ (code[epoch[t]] = code[now])) => (gate = "SHUT")

\* R3: no running call loses its version (asserted by look)
look_R3 == \A t \in Thread : ((pc[t] \in {"LOOK", "LOOK_AGAIN"}) /\ (life[code[epoch[t]]] = "RETIRED") /\ unheld(code[epoch[t]])) => nobody_runs(code[epoch[t]])

\* M2: the current version is never freed (asserted by cleanup_old)
cleanup_old_M2 == \A u \in Upgrader : ((up[u] = "LOOK") /\ (life[mine[u]] = "RETIRED") /\ unheld(mine[u]) /\ (mine[u] = code[now])) => (gate = "SHUT")

\* R3: no running call loses its version (asserted by cleanup_old)
cleanup_old_R3 == \A u \in Upgrader : ((up[u] = "LOOK") /\ (life[mine[u]] = "RETIRED") /\ unheld(mine[u])) => nobody_runs(mine[u])

\* M4: a candidate that never became current is freed exactly once (asserted by discard)
discard_M4 == \A u \in Upgrader : (up[u] = "DISCARD") => (life[mine[u]] = "CANDIDATE")

\* invariant: R3, R5
a_running_call_has_its_version == \A t \in Thread : runs(t) => (life[code[epoch[t]]] \in {"LIVE", "RETIRED"})

\* invariant: R4
a_nested_call_runs_on_the_version_of_the_outer_one == \A t \in Thread : (pc[t] = "NESTED") => (code[inner[t]] = code[epoch[t]])

\* invariant: M2
the_current_version_is_live == (gate = "SHUT") \/ (life[code[now]] = "LIVE")

\* invariant: M2
what_a_revert_would_bring_back_is_live == (state = "UPGRADE_COMPLETE") => ((life[previous] = "LIVE") /\ (previous # code[now]))

\* invariant: D5
hold_never_runs_old_and_new_at_once == TRUE

\* invariant: D2, D3.  No call that began before the drain still runs when the version is swapped.
the_swap_follows_the_drain == \A u \in Upgrader : (up[u] \in {"HANDOVER", "SWAP"}) => (\A t \in Thread : runs(t) => (epoch[t] = now))

\* invariant: H1
state_is_handed_over_when_no_call_runs == \A u \in Upgrader : (up[u] = "HANDOVER") => (\A t \in Thread : ~runs(t))

\* invariant: D5.  Held calls are all let go at swap, rollback and cancel.
the_gate_is_closed_for_a_drain_only == gate # "HELD"

\* invariant: M7
few_versions_are_alive == alive <= 3

\* theorem: M5.  When all is quiet, a retired version has been freed.
nothing_leaks == \A v \in Version : ((\A t \in Thread : pc[t] \in {"IDLE", "READ", "ANNOUNCE"}) /\ (\A u \in Upgrader : up[u] = "IDLE")) => (life[v] # "RETIRED")

\* theorem: M4, B1
no_candidate_is_left_behind == \A v \in Version : (settled /\ (\A u \in Upgrader : up[u] = "IDLE")) => (life[v] # "CANDIDATE")

\* invariant: B3.  A new upgrade may be prepared as soon as somebody wishes and the versions alive leave room.
after_a_failure_nothing_is_in_the_way == (state = "ROLLED_BACK") => ((gate = "SHUT") \/ ((gate = "OPEN") /\ (pending = 0) /\ (previous = 0) /\ (\A u \in Upgrader : up[u] \in {"IDLE", "BUILD", "INIT", "SCAN", "WAIT", "DISCARD", "LOOK"}) /\ (\A u \in Upgrader : ~ticket[u])))

\* transition: R1.  None is dropped on its way, none ends without having run; only a plugin out of service turns one away.
a_call_starts_once_and_ends_once == [][\A t \in Thread : IF runs(t) THEN pc'[t] \in {"RUN", "NESTED", "IDLE", "PEEK", "LOOK"} ELSE IF is_out(t) THEN pc'[t] \notin {"RUN", "NESTED"} ELSE (pc'[t] \in {"IDLE", "PEEK", "LOOK"}) => (gate = "SHUT")]_vars

\* transition: T2, T3
a_call_starts_on_the_current_version == [][\A t \in Thread : (pc'[t] = "RUN") => (runs(t) \/ (code'[epoch'[t]] = code[now]))]_vars

\* transition: R2
a_call_keeps_its_version == [][\A t \in Thread : (runs(t) /\ (pc'[t] \in {"RUN", "NESTED"})) => (code'[epoch'[t]] = code[epoch[t]])]_vars

\* transition: D1
draining_opens_an_epoch == [][(state = "DRAINING") \/ (state' # "DRAINING") \/ (now' = (now + 1))]_vars

\* transition: L1
only_the_listed_transitions == [][(state' = state) \/ ((state = "ACTIVE") /\ (state' = "PREPARING_UPGRADE")) \/ ((state = "PREPARING_UPGRADE") /\ (state' \in {"DRAINING", "ROLLED_BACK", "ACTIVE"})) \/ ((state = "DRAINING") /\ (state' \in {"SWAPPING", "ROLLED_BACK"})) \/ ((state = "SWAPPING") /\ (state' \in {"UPGRADE_COMPLETE", "ROLLED_BACK"})) \/ ((state = "UPGRADE_COMPLETE") /\ (state' \in {"ACTIVE", "ROLLED_BACK"})) \/ ((state = "ROLLED_BACK") /\ (state' \in {"ACTIVE", "PREPARING_UPGRADE"}))]_vars

\* transition: T1, B1
only_a_swap_and_a_revert_change_the_version == [][(code'[now'] = code[now]) \/ ((state = "SWAPPING") /\ (state' = "UPGRADE_COMPLETE")) \/ ((state = "UPGRADE_COMPLETE") /\ (state' = "ROLLED_BACK") /\ (code'[now'] = previous))]_vars

\* transition: H2
a_failed_handover_leaves_the_old_version_behind_an_open_gate == [][((state = "SWAPPING") /\ (state' = "ROLLED_BACK")) => ((code'[now'] = code[now]) /\ (gate' = "OPEN") /\ (life'[code'[now']] = "LIVE"))]_vars

\* transition: T4
versions_go_back_by_a_revert_only == [][(code[now] <= code'[now']) \/ ((state = "UPGRADE_COMPLETE") /\ (state' = "ROLLED_BACK") /\ (now' = (now + 1)))]_vars

\* transition: V4
a_retry_is_caused_by_a_publication == [][\A t \in Thread : ((pc[t] = "CONFIRM") /\ (pc'[t] = "RETRACT")) => (epoch[t] < now)]_vars

\* transition: V4
a_publication_is_one_new_epoch == [][(now' = now) \/ (now' = (now + 1))]_vars

\* transition: M1, M3
life_moves_forward == [][\A v \in Version : (life'[v] = life[v]) \/ ((life[v] = "UNBORN") /\ (life'[v] = "CANDIDATE")) \/ ((life[v] = "CANDIDATE") /\ (life'[v] \in {"LIVE", "FREED"})) \/ ((life[v] = "LIVE") /\ (life'[v] = "RETIRED")) \/ ((life[v] = "RETIRED") /\ (life'[v] = "FREED") /\ unheld(v))]_vars

\* transition: B2, S1
each_upgrade_is_counted_once == [][IF (state # "ROLLED_BACK") /\ (state' = "ROLLED_BACK") THEN (failed' = (failed + 1)) /\ (succeeded' = succeeded) ELSE IF (state = "UPGRADE_COMPLETE") /\ (state' = "ACTIVE") THEN (succeeded' = (succeeded + 1)) /\ (failed' = failed) ELSE (failed' = failed) /\ (succeeded' = succeeded)]_vars

\* sometimes: L4.  Or the plugin is out of service for good. To be asked of every state, not of the first: none is a trap.
active_is_reached == (state = "ACTIVE") \/ (gate = "SHUT")

\* sometimes: R3
a_call_runs_on_a_retired_version == \E t \in Thread : runs(t) /\ (life[code[epoch[t]]] = "RETIRED")

\* sometimes: R4
a_nested_call_runs_behind_the_current_epoch == \E t \in Thread : (pc[t] = "NESTED") /\ (inner[t] < now)

\* sometimes: M3
the_old_version_is_freed ==
  /\ life[0] = "FREED"
  /\ gate = "OPEN"

\* sometimes: M7
the_bound_on_live_versions_is_reached == ~room

\* sometimes: B1
a_reverted_version_is_freed_and_the_old_one_serves ==
  /\ ((state = "ROLLED_BACK") /\ (code[now] = 0) /\ (1 < now)) => (1 \in Version)
  /\ state = "ROLLED_BACK"
  /\ code[now] = 0
  /\ 1 < now
  /\ life[1] = "FREED"

\* sometimes: G2
an_unregistered_version_is_freed ==
  /\ gate = "SHUT"
  /\ life[code[now]] = "FREED"

\* invariant: M1, R3
holders_are_counted == \A e \in Epoch : holders[e] = Cardinality({t \in Thread : holds(t, e)})

\* invariant: part of the argument
callers_hold_published_records == \A t \in Thread : (epoch[t] <= now) /\ (inner[t] <= now)

\* invariant: M1, M3
a_freed_version_has_no_call == \A v \in Version : (life[v] = "FREED") => nobody_runs(v)

\* invariant: D3, D5.  Whoever read the pointer read an earlier one: the second look will fail.
behind_a_closed_gate_nobody_starts == (gate = "OPEN") \/ (\A t \in Thread : epoch[t] < now)

\* invariant: part of the argument
unborn_means_beyond_the_newest == \A v \in Version : (life[v] = "UNBORN") = (newest < v)

\* invariant: M4
what_is_to_be_published_or_discarded_is_a_candidate == \A u \in Upgrader : has_a_candidate(u) => ((life[mine[u]] = "CANDIDATE") /\ (mine[u] # pending))

\* invariant: M4
a_candidate_belongs_to_one_upgrade == \A u \in Upgrader, w \in Upgrader : has_a_candidate(u) => ((u = w) \/ (mine[u] # mine[w]))

\* invariant: M4
what_is_pending_is_a_candidate == (pending = 0) \/ ((life[pending] = "CANDIDATE") /\ (state = "PREPARING_UPGRADE"))

\* invariant: part of the argument.  The version that was registered never was a candidate, so 0 can stand for no candidate.
zero_means_none == life[0] # "CANDIDATE"

\* invariant: M3
who_has_no_candidate_has_nothing_or_what_is_retired == \A u \in Upgrader : has_a_candidate(u) \/ (IF up[u] = "LOOK" THEN life[mine[u]] \in {"RETIRED", "FREED"} ELSE mine[u] = 0)

\* invariant: T4
what_will_be_published_is_newer ==
  /\ (pending = 0) \/ (code[now] < pending)
  /\ \A u \in Upgrader : ((up[u] \in {"HANDOVER", "SWAP"}) \/ (ticket[u] /\ (up[u] \in {"INIT", "SCAN", "WAIT"}))) => (code[now] < mine[u])

\* invariant: M7
those_under_construction_have_room == (alive + Cardinality({u \in Upgrader : up[u] = "BUILD"})) <= 3

\* invariant: L2
one_attempt_at_a_time == \A u \in Upgrader, w \in Upgrader : (drives(u) /\ drives(w)) => (u = w)

\* invariant: L2
what_waits_for_a_decision_is_in_nobodys_hands == ((pending = 0) => probation) => (\A u \in Upgrader : ~drives(u))

\* invariant: L1, L5
the_state_tells_where_the_upgrade_is == \A u \in Upgrader : IF ticket[u] THEN ((state = "PREPARING_UPGRADE") /\ (pending = 0) /\ (up[u] \in {"BUILD", "INIT"})) \/ ((state = "DRAINING") /\ (up[u] \in {"SCAN", "WAIT"})) ELSE IF up[u] \in {"HANDOVER", "SWAP"} THEN state = "SWAPPING" ELSE (up[u] \in {"DECIDE", "UNDO_SCAN", "UNDO_WAIT"}) => (state = "UPGRADE_COMPLETE")

\* invariant: L4
an_upgrade_under_way_is_somebodys == settled \/ ((state = "PREPARING_UPGRADE") /\ (pending # 0)) \/ ((state = "UPGRADE_COMPLETE") /\ probation) \/ (\E u \in Upgrader : drives(u))

\* invariant: B1, L2
no_probation_means_no_way_back == ((previous = 0) => probation) => (state = "UPGRADE_COMPLETE")

\* invariant: G2
out_of_service_is_for_good == (gate = "SHUT") => settled

\* invariant: D5
hold_closes_the_gate_for_every_drain == TRUE

\* invariant: D5, H1
only_hold_hands_over_and_drains_for_a_revert == \A u \in Upgrader : up[u] \notin {"HANDOVER", "UNDO_SCAN", "UNDO_WAIT"}

\* invariant: D2, D3.  No call from before the drain runs any more. Doomed holders may still come and go.
who_was_woken_may_go_on == \A u \in Upgrader : (woken[u] /\ ((up[u] = "UNDO_WAIT") \/ ((up[u] = "WAIT") /\ ticket[u]))) => (\A t \in Thread : runs(t) => (epoch[t] = now))

\* invariant: V1, V2.  Nobody waits for the drain of an upgrade that was cancelled, nor under a policy without a drain.
who_need_not_wait_is_woken == \A u \in Upgrader : (up[u] = "WAIT") => (ticket[u] \/ woken[u])

\* invariant: V1.  Whoever waits has been woken, or something that it waits for is held, or somebody is about to look.
a_drain_that_has_ended_is_noticed == \A u \in Upgrader : (up[u] \in {"WAIT", "UNDO_WAIT"}) => (woken[u] \/ (\E t \in Thread : (epoch[t] < now) /\ (pc[t] \notin {"IDLE", "READ", "ANNOUNCE"})))

\* invariant: M5.  Each retired version is held, or somebody is about to look.
somebody_cleans_up == \A v \in Version : (life[v] = "RETIRED") => ((\E t \in Thread : (code[epoch[t]] = v) /\ (pc[t] \notin {"IDLE", "READ", "ANNOUNCE"})) \/ (\E u \in Upgrader : (mine[u] = v) /\ (up[u] = "LOOK")))

\* invariant: M4
no_candidate_is_forgotten == \A v \in Version : (life[v] = "CANDIDATE") => ((v = pending) \/ (\E u \in Upgrader : (mine[u] = v) /\ has_a_candidate(u)))

\* sometimes: D2
a_drain_waits == a_call_is_awaited

\* sometimes: D5.  Calls that arrived during the drain finish beside those that arrived after the swap.
two_versions_run_at_once == old_and_new_run

\* Where a bound makes a step impossible: nothing is claimed there.
EdgeOfScope ==
  \/ \E u \in Upgrader : (up[u] = "BUILD") /\ ~(ticket[u] => (failed + 1 \in Tally))
  \/ \E u \in Upgrader : (up[u] = "BUILD") /\ (newest + 1 \notin Version)
  \/ \E u \in Upgrader : (up[u] = "INIT") /\ ~(ticket[u] => (failed + 1 \in Tally))
  \/ \E u \in Upgrader : (up[u] = "IDLE") /\ (state = "PREPARING_UPGRADE") /\ (pending # 0) /\ (now + 1 \notin Epoch)
  \/ \E u \in Upgrader : (up[u] = "WAIT") /\ ticket[u] /\ ~woken[u] /\ ~((failed + 1 \in Tally) /\ ((gate = "HELD") => (now + 1 \in Epoch)))
  \/ \E u \in Upgrader : (up[u] \in {"SCAN", "WAIT", "HANDOVER", "SWAP"}) /\ ~(((ticket[u] \/ (up[u] \in {"HANDOVER", "SWAP"})) => (failed + 1 \in Tally)) /\ (((ticket[u] \/ (up[u] \in {"HANDOVER", "SWAP"})) /\ (gate = "HELD")) => (now + 1 \in Epoch)))
  \/ \E u \in Upgrader : (up[u] = "SWAP") /\ (now + 1 \notin Epoch)
  \/ \E u \in Upgrader : may_decide(u) /\ (succeeded + 1 \notin Tally)
  \/ \E u \in Upgrader : may_decide(u) /\ ~((now + 1 \in Epoch) /\ (failed + 1 \in Tally))
  \/ \E u \in Upgrader : (up[u] = "IDLE") /\ (state \in {"PREPARING_UPGRADE", "DRAINING"}) /\ ~(((state = "DRAINING") => (failed + 1 \in Tally)) /\ (((state = "DRAINING") /\ (gate = "HELD")) => (now + 1 \in Epoch)))
  \/ \E u \in Upgrader : (up[u] = "IDLE") /\ settled /\ (gate # "SHUT") /\ (now + 1 \notin Epoch)

AtRest(u) == up[u] = "IDLE"

\* V1: every upgrade ends, if nest is taken finitely often.
EveryUpgradeEnds == <>[][~(\E t \in Thread : nest(t))]_vars => (\A u \in Upgrader : []<>(AtRest(u) \/ EdgeOfScope))

==============================================================================
