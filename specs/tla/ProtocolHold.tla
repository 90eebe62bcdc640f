---------------------------- MODULE ProtocolHold ----------------------------
(* quiesce_model.protocol.Hold.
   Digest of the model: 1ff438d067b0fb2c.
   Generated: change the model, not this file. *)

EXTENDS Integers, FiniteSets

CONSTANTS Thread, MaxVersion, MaxEpoch, MaxTally

HotReloadState == {"ACTIVE", "PREPARING_UPGRADE", "DRAINING", "SWAPPING", "UPGRADE_COMPLETE", "ROLLED_BACK"}
Version == 0..MaxVersion
Epoch == 0..MaxEpoch
Gate == {"OPEN", "HELD", "SHUT"}
Life == {"UNBORN", "CANDIDATE", "LIVE", "RETIRED", "FREED"}
Tally == 0..MaxTally
Phase == {"IDLE", "INVOKED", "RUNNING", "NESTED"}

VARIABLES
  state,
  current,
  manifest,
  epoch,
  gate,
  newest,
  life,
  building,
  candidate,
  ready,
  previous,
  undecided,
  succeeded,
  failed,
  phase,
  runs,
  inner,
  awaited

of_Thread == <<phase, runs, inner, awaited>>
vars == <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready, previous,
          undecided, succeeded, failed, phase, runs, inner, awaited>>

TypeOK ==
  /\ state \in HotReloadState
  /\ current \in Version
  /\ manifest \in Version
  /\ epoch \in Epoch
  /\ gate \in Gate
  /\ newest \in Version
  /\ life \in [Version -> Life]
  /\ building \in Int
  /\ candidate \in Version
  /\ ready \in BOOLEAN
  /\ previous \in Version
  /\ undecided \in BOOLEAN
  /\ succeeded \in Tally
  /\ failed \in Tally
  /\ phase \in [Thread -> Phase]
  /\ runs \in [Thread -> Version]
  /\ inner \in [Thread -> Version]
  /\ awaited \in [Thread -> BOOLEAN]

Init ==
  /\ state = "ACTIVE"
  /\ current = 0
  /\ manifest = 0
  /\ epoch = 0
  /\ gate = "OPEN"
  /\ newest = 0
  /\ life = [x \in Version |-> IF x = 0 THEN "LIVE" ELSE "UNBORN"]
  /\ building = 0
  /\ candidate = 0
  /\ ready = FALSE
  /\ previous = 0
  /\ undecided = FALSE
  /\ succeeded = 0
  /\ failed = 0
  /\ phase = [x \in Thread |-> "IDLE"]
  /\ runs = [x \in Thread |-> 0]
  /\ inner = [x \in Thread |-> 0]
  /\ awaited = [x \in Thread |-> FALSE]

somebody_is_awaited == \E t \in Thread : awaited[t]

reverting == (state = "UPGRADE_COMPLETE") /\ ~undecided

settled == state \in {"ACTIVE", "ROLLED_BACK"}

preparing == (state = "PREPARING_UPGRADE") /\ (candidate = 0)

abandoned(v) == (life[v] = "CANDIDATE") /\ (v # candidate)

running(t) == phase[t] \in {"RUNNING", "NESTED"}

somebody_builds_in_vain == (IF preparing THEN 1 ELSE 0) < building

alive == Cardinality({v \in Version : life[v] \in {"CANDIDATE", "LIVE", "RETIRED"}})

invoke(t) ==
  /\ phase[t] = "IDLE"
  /\ phase' = [phase EXCEPT ![t] = "INVOKED"]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready,
                 previous, undecided, succeeded, failed, runs, inner, awaited>>

\* T2, by definition: the version is the current one at this instant.
start(t) ==
  /\ phase[t] = "INVOKED"
  /\ gate = "OPEN"
  /\ phase' = [phase EXCEPT ![t] = "RUNNING"]
  /\ runs' = [runs EXCEPT ![t] = current]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready,
                 previous, undecided, succeeded, failed, inner, awaited>>

turned_away(t) ==
  /\ phase[t] = "INVOKED"
  /\ gate = "SHUT"
  /\ phase' = [phase EXCEPT ![t] = "IDLE"]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready,
                 previous, undecided, succeeded, failed, runs, inner, awaited>>

nest(t) ==
  /\ phase[t] = "RUNNING"
  /\ phase' = [phase EXCEPT ![t] = "NESTED"]
  /\ inner' = [inner EXCEPT ![t] = runs[t]]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready,
                 previous, undecided, succeeded, failed, runs, awaited>>

unnest(t) ==
  /\ phase[t] = "NESTED"
  /\ phase' = [phase EXCEPT ![t] = "RUNNING"]
  /\ inner' = [inner EXCEPT ![t] = 0]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready,
                 previous, undecided, succeeded, failed, runs, awaited>>

finish(t) ==
  /\ phase[t] = "RUNNING"
  /\ phase' = [phase EXCEPT ![t] = "IDLE"]
  /\ runs' = [runs EXCEPT ![t] = 0]
  /\ awaited' = [awaited EXCEPT ![t] = FALSE]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, ready,
                 previous, undecided, succeeded, failed, inner>>

prepare_upgrade ==
  /\ settled
  /\ gate # "SHUT"
  /\ (alive + building) < 3
  /\ state' = "PREPARING_UPGRADE"
  /\ building' = building + 1
  /\ UNCHANGED <<current, manifest, epoch, gate, newest, life, candidate, ready, previous, undecided,
                 succeeded, failed, of_Thread>>

build ==
  /\ preparing
  /\ newest + 1 \in Version
  /\ newest' = newest + 1
  /\ life' = [life EXCEPT ![newest + 1] = "CANDIDATE"]
  /\ building' = building - 1
  /\ candidate' = newest + 1
  /\ UNCHANGED <<state, current, manifest, epoch, gate, ready, previous, undecided, succeeded, failed,
                 of_Thread>>

build_fails ==
  /\ preparing
  /\ failed + 1 \in Tally
  /\ (gate = "HELD") => (epoch + 1 \in Epoch)
  /\ state' = "ROLLED_BACK"
  /\ building' = building - 1
  /\ candidate' = 0
  /\ failed' = failed + 1
  /\ awaited' = [t \in Thread |-> FALSE]
  /\ IF gate = "HELD"
     THEN /\ epoch' = epoch + 1
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<epoch, gate>>
  /\ UNCHANGED <<current, manifest, newest, life, ready, previous, undecided, succeeded, phase, runs,
                 inner>>

\* Construction cannot be interrupted: what comes of it is discarded.
build_of_a_cancelled_upgrade ==
  /\ somebody_builds_in_vain
  /\ newest + 1 \in Version
  /\ newest' = newest + 1
  /\ life' = [life EXCEPT ![newest + 1] = "CANDIDATE"]
  /\ building' = building - 1
  /\ UNCHANGED <<state, current, manifest, epoch, gate, candidate, ready, previous, undecided,
                 succeeded, failed, of_Thread>>

build_of_a_cancelled_upgrade_fails ==
  /\ somebody_builds_in_vain
  /\ building' = building - 1
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, candidate, ready, previous,
                 undecided, succeeded, failed, of_Thread>>

prepared ==
  /\ state = "PREPARING_UPGRADE"
  /\ candidate # 0
  /\ ~ready
  /\ ready' = TRUE
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, life, building, candidate, previous,
                 undecided, succeeded, failed, of_Thread>>

init_fails ==
  /\ state = "PREPARING_UPGRADE"
  /\ candidate # 0
  /\ ~ready
  /\ failed + 1 \in Tally
  /\ (gate = "HELD") => (epoch + 1 \in Epoch)
  /\ state' = "ROLLED_BACK"
  /\ candidate' = 0
  /\ failed' = failed + 1
  /\ awaited' = [t \in Thread |-> FALSE]
  /\ IF gate = "HELD"
     THEN /\ epoch' = epoch + 1
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<epoch, gate>>
  /\ UNCHANGED <<current, manifest, newest, life, building, ready, previous, undecided, succeeded,
                 phase, runs, inner>>

\* D1: a new epoch; what runs now belongs to the old ones.
drain_in_flight ==
  /\ state = "PREPARING_UPGRADE"
  /\ ready
  /\ epoch + 1 \in Epoch
  /\ state' = "DRAINING"
  /\ epoch' = epoch + 1
  /\ gate' = "HELD"
  /\ ready' = FALSE
  /\ awaited' = [t \in Thread |-> running(t)]
  /\ UNCHANGED <<current, manifest, newest, life, building, candidate, previous, undecided, succeeded,
                 failed, phase, runs, inner>>

drained ==
  /\ state = "DRAINING"
  /\ ~somebody_is_awaited
  /\ state' = "SWAPPING"
  /\ UNCHANGED <<current, manifest, epoch, gate, newest, life, building, candidate, ready, previous,
                 undecided, succeeded, failed, of_Thread>>

time_out ==
  /\ state = "DRAINING"
  /\ failed + 1 \in Tally
  /\ (gate = "HELD") => (epoch + 1 \in Epoch)
  /\ state' = "ROLLED_BACK"
  /\ candidate' = 0
  /\ failed' = failed + 1
  /\ awaited' = [t \in Thread |-> FALSE]
  /\ IF gate = "HELD"
     THEN /\ epoch' = epoch + 1
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<epoch, gate>>
  /\ UNCHANGED <<current, manifest, newest, life, building, ready, previous, undecided, succeeded,
                 phase, runs, inner>>

\* The upgrade is given up where it is; later there is no way back but a revert.
interrupted ==
  /\ state \in {"DRAINING", "SWAPPING"}
  /\ failed + 1 \in Tally
  /\ (gate = "HELD") => (epoch + 1 \in Epoch)
  /\ state' = "ROLLED_BACK"
  /\ candidate' = 0
  /\ failed' = failed + 1
  /\ awaited' = [t \in Thread |-> FALSE]
  /\ IF gate = "HELD"
     THEN /\ epoch' = epoch + 1
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<epoch, gate>>
  /\ UNCHANGED <<current, manifest, newest, life, building, ready, previous, undecided, succeeded,
                 phase, runs, inner>>

handover_fails ==
  /\ state = "SWAPPING"
  /\ failed + 1 \in Tally
  /\ (gate = "HELD") => (epoch + 1 \in Epoch)
  /\ state' = "ROLLED_BACK"
  /\ candidate' = 0
  /\ failed' = failed + 1
  /\ awaited' = [t \in Thread |-> FALSE]
  /\ IF gate = "HELD"
     THEN /\ epoch' = epoch + 1
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<epoch, gate>>
  /\ UNCHANGED <<current, manifest, newest, life, building, ready, previous, undecided, succeeded,
                 phase, runs, inner>>

\* T1: one publication; version, manifest and epoch change together.
atomic_swap ==
  /\ state = "SWAPPING"
  /\ epoch + 1 \in Epoch
  /\ state' = "UPGRADE_COMPLETE"
  /\ current' = candidate
  /\ manifest' = candidate
  /\ epoch' = epoch + 1
  /\ gate' = "OPEN"
  /\ life' = [life EXCEPT ![candidate] = "LIVE"]
  /\ candidate' = 0
  /\ previous' = current
  /\ undecided' = TRUE
  /\ UNCHANGED <<newest, building, ready, succeeded, failed, of_Thread>>

commit ==
  /\ undecided
  /\ succeeded + 1 \in Tally
  /\ state' = "ACTIVE"
  /\ life' = [life EXCEPT ![previous] = "RETIRED"]
  /\ previous' = 0
  /\ undecided' = FALSE
  /\ succeeded' = succeeded + 1
  /\ UNCHANGED <<current, manifest, epoch, gate, newest, building, candidate, ready, failed,
                 of_Thread>>

\* The old version is published again; under HOLD only when no call runs on the new one.
revert ==
  /\ reverting
  /\ ~somebody_is_awaited
  /\ failed + 1 \in Tally
  /\ epoch + 1 \in Epoch
  /\ state' = "ROLLED_BACK"
  /\ epoch' = epoch + 1
  /\ gate' = "OPEN"
  /\ life' = [life EXCEPT ![current] = "RETIRED"]
  /\ previous' = 0
  /\ undecided' = FALSE
  /\ failed' = failed + 1
  /\ IF current = previous
     THEN /\ current' = 0
          /\ manifest' = 0
     ELSE /\ current' = previous
          /\ manifest' = previous
  /\ UNCHANGED <<newest, building, candidate, ready, succeeded, of_Thread>>

drain_for_revert ==
  /\ undecided
  /\ epoch + 1 \in Epoch
  /\ epoch' = epoch + 1
  /\ gate' = "HELD"
  /\ undecided' = FALSE
  /\ awaited' = [t \in Thread |-> running(t)]
  /\ UNCHANGED <<state, current, manifest, newest, life, building, candidate, ready, previous,
                 succeeded, failed, phase, runs, inner>>

revert_times_out ==
  /\ reverting
  /\ (gate = "HELD") => (epoch + 1 \in Epoch)
  /\ undecided' = TRUE
  /\ awaited' = [t \in Thread |-> FALSE]
  /\ IF gate = "HELD"
     THEN /\ epoch' = epoch + 1
          /\ gate' = "OPEN"
     ELSE /\ UNCHANGED <<epoch, gate>>
  /\ UNCHANGED <<state, current, manifest, newest, life, building, candidate, ready, previous,
                 succeeded, failed, phase, runs, inner>>

cancel_upgrade ==
  /\ state \in {"PREPARING_UPGRADE", "DRAINING"}
  /\ (state = "DRAINING") => (failed + 1 \in Tally)
  /\ ((state = "DRAINING") /\ (gate = "HELD")) => (epoch + 1 \in Epoch)
  /\ candidate' = 0
  /\ ready' = ((state = "DRAINING") /\ ready)
  /\ IF state = "DRAINING"
     THEN /\ state' = "ROLLED_BACK"
          /\ failed' = failed + 1
          /\ awaited' = [t \in Thread |-> FALSE]
          /\ IF gate = "HELD"
             THEN /\ epoch' = epoch + 1
                  /\ gate' = "OPEN"
             ELSE /\ UNCHANGED <<epoch, gate>>
     ELSE /\ state' = "ACTIVE"
          /\ UNCHANGED <<epoch, gate, failed, awaited>>
  /\ UNCHANGED <<current, manifest, newest, life, building, previous, undecided, succeeded, phase,
                 runs, inner>>

acknowledge ==
  /\ state = "ROLLED_BACK"
  /\ gate # "SHUT"
  /\ state' = "ACTIVE"
  /\ UNCHANGED <<current, manifest, epoch, gate, newest, life, building, candidate, ready, previous,
                 undecided, succeeded, failed, of_Thread>>

unregister ==
  /\ settled
  /\ gate # "SHUT"
  /\ epoch + 1 \in Epoch
  /\ epoch' = epoch + 1
  /\ gate' = "SHUT"
  /\ life' = [life EXCEPT ![current] = "RETIRED"]
  /\ undecided' = FALSE
  /\ previous' = IF current = previous THEN 0 ELSE previous
  /\ UNCHANGED <<state, current, manifest, newest, building, candidate, ready, succeeded, failed,
                 of_Thread>>

discard(v) ==
  /\ abandoned(v)
  /\ life' = [life EXCEPT ![v] = "FREED"]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, building, candidate, ready, previous,
                 undecided, succeeded, failed, of_Thread>>

cleanup_old(v) ==
  /\ life[v] = "RETIRED"
  /\ ~(\E t \in Thread : running(t) /\ (runs[t] = v))
  /\ life' = [life EXCEPT ![v] = "FREED"]
  /\ UNCHANGED <<state, current, manifest, epoch, gate, newest, building, candidate, ready, previous,
                 undecided, succeeded, failed, of_Thread>>

Next ==
  \/ \E t \in Thread : invoke(t)
  \/ \E t \in Thread : start(t)
  \/ \E t \in Thread : turned_away(t)
  \/ \E t \in Thread : nest(t)
  \/ \E t \in Thread : unnest(t)
  \/ \E t \in Thread : finish(t)
  \/ prepare_upgrade
  \/ build
  \/ build_fails
  \/ build_of_a_cancelled_upgrade
  \/ build_of_a_cancelled_upgrade_fails
  \/ prepared
  \/ init_fails
  \/ drain_in_flight
  \/ drained
  \/ time_out
  \/ interrupted
  \/ handover_fails
  \/ atomic_swap
  \/ commit
  \/ revert
  \/ drain_for_revert
  \/ revert_times_out
  \/ cancel_upgrade
  \/ acknowledge
  \/ unregister
  \/ \E v \in Version : discard(v)
  \/ \E v \in Version : cleanup_old(v)

\* A process that could go on for ever does.  The steps that are missing here may be put off for ever.
Fairness ==
  /\ WF_vars(build)
  /\ WF_vars(build_fails)
  /\ WF_vars(build_of_a_cancelled_upgrade)
  /\ WF_vars(build_of_a_cancelled_upgrade_fails)
  /\ WF_vars(prepared)
  /\ WF_vars(init_fails)
  /\ WF_vars(drained)
  /\ WF_vars(handover_fails)
  /\ WF_vars(atomic_swap)
  /\ WF_vars(commit)
  /\ WF_vars(revert)
  /\ WF_vars(drain_for_revert)
  /\ \A t \in Thread : WF_vars(
       \/ start(t)
       \/ turned_away(t)
       \/ unnest(t)
       \/ finish(t))
  /\ \A v \in Version : WF_vars(
       \/ discard(v)
       \/ cleanup_old(v))

Spec == Init /\ [][Next]_vars /\ Fairness

\* R5: a call starts on a version that is initialised (asserted by start)
start_R5 == \A t \in Thread : ((phase[t] = "INVOKED") /\ (gate = "OPEN")) => (life[current] = "LIVE")

\* invariant: R3, M1, M3
a_running_call_has_its_version == \A t \in Thread : running(t) => (life[runs[t]] \in {"LIVE", "RETIRED"})

\* invariant: R4
a_nested_call_runs_on_the_version_of_the_outer_one == \A t \in Thread : (phase[t] = "NESTED") => (inner[t] = runs[t])

\* invariant: T1
the_manifest_is_that_of_the_current_version == manifest = current

\* invariant: M2
the_current_version_is_live == (gate = "SHUT") \/ (life[current] = "LIVE")

\* invariant: M2
what_a_revert_would_bring_back_is_live == (state = "UPGRADE_COMPLETE") => ((life[previous] = "LIVE") /\ (previous # current))

\* invariant: M2, L1
live_means_current_or_on_probation == \A v \in Version : (life[v] = "LIVE") => ((v = current) \/ ((state = "UPGRADE_COMPLETE") /\ (v = previous)))

\* invariant: M4
the_candidate_is_one ==
  /\ (candidate = 0) \/ (life[candidate] = "CANDIDATE")
  /\ (state \in {"DRAINING", "SWAPPING"}) => (candidate # 0)

\* invariant: B1, L2.  A candidate, its readiness, a version to go back to: each belongs to the stage of an upgrade.
no_upgrade_means_nothing_pending ==
  /\ (candidate = 0) \/ (state \in {"PREPARING_UPGRADE", "DRAINING", "SWAPPING"})
  /\ ready => ((state = "PREPARING_UPGRADE") /\ (candidate # 0))
  /\ ((previous = 0) => undecided) => (state = "UPGRADE_COMPLETE")

\* invariant: T4
the_candidate_is_newer == (candidate = 0) \/ (current < candidate)

\* invariant: G2
out_of_service_is_for_good == (gate = "SHUT") => settled

\* invariant: M7
few_versions_are_alive == (alive + building) <= 3

\* invariant: D3
the_swap_follows_the_drain == (state = "SWAPPING") => ~somebody_is_awaited

\* invariant: D5
hold_never_runs_old_and_new_at_once == \A t \in Thread : running(t) => (runs[t] = current)

\* invariant: H1
state_is_handed_over_when_no_call_runs == (state = "SWAPPING") => (\A t \in Thread : ~running(t))

\* invariant: D5
the_gate_is_closed_for_a_drain_only == (gate = "HELD") => ((state \in {"DRAINING", "SWAPPING"}) \/ reverting)

\* invariant: D5
hold_closes_the_gate_for_every_drain == ((state \in {"DRAINING", "SWAPPING"}) \/ reverting) => (gate = "HELD")

\* invariant: D2
behind_a_closed_gate_all_calls_are_awaited == (gate = "HELD") => (\A t \in Thread : awaited[t] = running(t))

\* invariant: part of the argument
unborn_means_beyond_the_newest == \A v \in Version : (life[v] = "UNBORN") = (newest < v)

\* invariant: B3.  A new upgrade may be prepared as soon as somebody wishes and the versions alive leave room.
after_a_failure_nothing_is_in_the_way == (state = "ROLLED_BACK") => ((gate = "SHUT") \/ ((gate = "OPEN") /\ (candidate = 0) /\ (previous = 0) /\ ~undecided))

\* transition: R1.  None is dropped on its way, none ends without having run; only a plugin out of service turns one away.
a_call_starts_once_and_ends_once == [][\A t \in Thread : IF running(t) THEN phase'[t] \in {"RUNNING", "NESTED", "IDLE"} ELSE IF phase[t] = "IDLE" THEN phase'[t] \notin {"RUNNING", "NESTED"} ELSE (phase'[t] = "IDLE") => (gate = "SHUT")]_vars

\* transition: L1
only_the_listed_transitions == [][(state' = state) \/ ((state = "ACTIVE") /\ (state' = "PREPARING_UPGRADE")) \/ ((state = "PREPARING_UPGRADE") /\ (state' \in {"DRAINING", "ROLLED_BACK", "ACTIVE"})) \/ ((state = "DRAINING") /\ (state' \in {"SWAPPING", "ROLLED_BACK"})) \/ ((state = "SWAPPING") /\ (state' \in {"UPGRADE_COMPLETE", "ROLLED_BACK"})) \/ ((state = "UPGRADE_COMPLETE") /\ (state' \in {"ACTIVE", "ROLLED_BACK"})) \/ ((state = "ROLLED_BACK") /\ (state' \in {"ACTIVE", "PREPARING_UPGRADE"}))]_vars

\* transition: R2
a_call_keeps_its_version == [][\A t \in Thread : (running(t) /\ (phase'[t] \in {"RUNNING", "NESTED"})) => (runs'[t] = runs[t])]_vars

\* transition: D1
draining_opens_an_epoch == [][(state = "DRAINING") \/ (state' # "DRAINING") \/ (epoch' = (epoch + 1))]_vars

\* transition: T1, B1
a_new_version_is_a_new_epoch == [][(current' = current) \/ ((epoch' = (epoch + 1)) /\ (((state = "SWAPPING") /\ (current' = candidate)) \/ ((state = "UPGRADE_COMPLETE") /\ (state' = "ROLLED_BACK") /\ (current' = previous))))]_vars

\* transition: H2
a_failed_handover_leaves_the_old_version_behind_an_open_gate == [][((state = "SWAPPING") /\ (state' = "ROLLED_BACK")) => ((current' = current) /\ (gate' = "OPEN") /\ (life'[current'] = "LIVE"))]_vars

\* transition: T4
versions_go_back_by_a_revert_only == [][(current <= current') \/ ((state = "UPGRADE_COMPLETE") /\ (state' = "ROLLED_BACK"))]_vars

\* transition: M1, M3
life_moves_forward == [][\A v \in Version : (life'[v] = life[v]) \/ ((life[v] = "UNBORN") /\ (life'[v] = "CANDIDATE")) \/ ((life[v] = "CANDIDATE") /\ (life'[v] \in {"LIVE", "FREED"})) \/ ((life[v] = "LIVE") /\ (life'[v] = "RETIRED")) \/ ((life[v] = "RETIRED") /\ (life'[v] = "FREED"))]_vars

\* transition: B2, S1
each_upgrade_is_counted_once == [][IF (state # "ROLLED_BACK") /\ (state' = "ROLLED_BACK") THEN (failed' = (failed + 1)) /\ (succeeded' = succeeded) ELSE IF (state = "UPGRADE_COMPLETE") /\ (state' = "ACTIVE") THEN (succeeded' = (succeeded + 1)) /\ (failed' = failed) ELSE (failed' = failed) /\ (succeeded' = succeeded)]_vars

\* sometimes: L4.  Or the plugin is out of service for good. To be asked of every state, not of the first: none is a trap.
active_is_reached == (state = "ACTIVE") \/ (gate = "SHUT")

\* sometimes: R3
a_call_runs_on_a_retired_version == \E t \in Thread : running(t) /\ (life[runs[t]] = "RETIRED")

\* sometimes: R4
a_nested_call_spans_an_epoch == \E t \in Thread : (phase[t] = "NESTED") /\ awaited[t]

\* sometimes: M3
the_old_version_is_freed ==
  /\ life[0] = "FREED"
  /\ gate = "OPEN"

\* sometimes: M7
the_bound_on_live_versions_is_reached == (alive + building) = 3

\* sometimes: B1
a_reverted_version_is_freed_and_the_old_one_serves ==
  /\ ((state = "ROLLED_BACK") /\ (current = 0) /\ (1 < epoch)) => (1 \in Version)
  /\ state = "ROLLED_BACK"
  /\ current = 0
  /\ 1 < epoch
  /\ life[1] = "FREED"

\* sometimes: G2
an_unregistered_version_is_freed ==
  /\ gate = "SHUT"
  /\ life[current] = "FREED"

==============================================================================
