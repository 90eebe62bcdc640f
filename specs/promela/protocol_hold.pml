/* quiesce_model.protocol.Hold with 2 Thread, 1 Upgrader, 2 Version, 4 Epoch, 2 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   All states, no claim broken:
   spin -a F; gcc -O2 -DSAFETY -DNOREDUCE -DVECTORSZ=4096 -o pan pan.c; ./pan -E
   Generated: change the model, not this file. */

#define HotReloadState_ACTIVE            0
#define HotReloadState_PREPARING_UPGRADE 1
#define HotReloadState_DRAINING          2
#define HotReloadState_SWAPPING          3
#define HotReloadState_UPGRADE_COMPLETE  4
#define HotReloadState_ROLLED_BACK       5

#define Gate_OPEN                        0
#define Gate_HELD                        1
#define Gate_SHUT                        2

#define Life_UNBORN                      0
#define Life_CANDIDATE                   1
#define Life_LIVE                        2
#define Life_RETIRED                     3
#define Life_FREED                       4

#define Phase_IDLE                       0
#define Phase_INVOKED                    1
#define Phase_RUNNING                    2
#define Phase_NESTED                     3

byte state = HotReloadState_ACTIVE;
byte current = 0;
byte manifest = 0;
byte epoch = 0;
byte gate = Gate_OPEN;
byte newest = 0;
byte life[2] = { Life_LIVE, Life_UNBORN };
int building = 0;
byte candidate = 0;
bool ready = false;
byte previous = 0;
bool undecided = false;
byte succeeded = 0;
byte failed = 0;
byte phase[2] = { Phase_IDLE, Phase_IDLE };
byte runs[2] = { 0, 0 };
byte inner[2] = { 0, 0 };
bool awaited[2] = { false, false };
byte old_state;
byte old_current;
byte old_epoch;
byte old_gate;
byte old_life[2];
byte old_candidate;
byte old_previous;
byte old_succeeded;
byte old_failed;
byte old_phase[2];
byte old_runs[2];

#define abandoned(v) ((life[v] == Life_CANDIDATE) && (v != candidate))
#define alive ((((life[0] == Life_CANDIDATE) || (life[0] == Life_LIVE) || (life[0] == Life_RETIRED)) -> 1 : 0) + (((life[1] == Life_CANDIDATE) || (life[1] == Life_LIVE) || (life[1] == Life_RETIRED)) -> 1 : 0))
#define preparing ((state == HotReloadState_PREPARING_UPGRADE) && (candidate == 0))
#define reverting ((state == HotReloadState_UPGRADE_COMPLETE) && !undecided)
#define settled ((state == HotReloadState_ACTIVE) || (state == HotReloadState_ROLLED_BACK))
#define somebody_builds_in_vain ((preparing -> 1 : 0) < building)
#define somebody_is_awaited (awaited[0] || awaited[1])

inline remember() {
  old_state = state;
  old_current = current;
  old_epoch = epoch;
  old_gate = gate;
  old_life[0] = life[0]; old_life[1] = life[1];
  old_candidate = candidate;
  old_previous = previous;
  old_succeeded = succeeded;
  old_failed = failed;
  old_phase[0] = phase[0]; old_phase[1] = phase[1];
  old_runs[0] = runs[0]; old_runs[1] = runs[1];
}

inline forget() {
  old_state = 0;
  old_current = 0;
  old_epoch = 0;
  old_gate = 0;
  old_life[0] = 0; old_life[1] = 0;
  old_candidate = 0;
  old_previous = 0;
  old_succeeded = 0;
  old_failed = 0;
  old_phase[0] = 0; old_phase[1] = 0;
  old_runs[0] = 0; old_runs[1] = 0;
}

inline a_call_starts_once_and_ends_once() {  /* transition, R1 */
  assert((((old_phase[0] == Phase_RUNNING) || (old_phase[0] == Phase_NESTED)) -> ((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED) || (phase[0] == Phase_IDLE)) : ((old_phase[0] == Phase_IDLE) -> !((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED)) : ((phase[0] != Phase_IDLE) || (old_gate == Gate_SHUT)))));
  assert((((old_phase[1] == Phase_RUNNING) || (old_phase[1] == Phase_NESTED)) -> ((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED) || (phase[1] == Phase_IDLE)) : ((old_phase[1] == Phase_IDLE) -> !((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED)) : ((phase[1] != Phase_IDLE) || (old_gate == Gate_SHUT)))));
}

inline only_the_listed_transitions() {  /* transition, L1 */
  assert((state == old_state) || ((old_state == HotReloadState_ACTIVE) && (state == HotReloadState_PREPARING_UPGRADE)) || ((old_state == HotReloadState_PREPARING_UPGRADE) && ((state == HotReloadState_DRAINING) || (state == HotReloadState_ROLLED_BACK) || (state == HotReloadState_ACTIVE))) || ((old_state == HotReloadState_DRAINING) && ((state == HotReloadState_SWAPPING) || (state == HotReloadState_ROLLED_BACK))) || ((old_state == HotReloadState_SWAPPING) && ((state == HotReloadState_UPGRADE_COMPLETE) || (state == HotReloadState_ROLLED_BACK))) || ((old_state == HotReloadState_UPGRADE_COMPLETE) && settled) || ((old_state == HotReloadState_ROLLED_BACK) && ((state == HotReloadState_ACTIVE) || (state == HotReloadState_PREPARING_UPGRADE))));
}

inline a_call_keeps_its_version() {  /* transition, R2 */
  assert(!((old_phase[0] == Phase_RUNNING) || (old_phase[0] == Phase_NESTED)) || !((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED)) || (runs[0] == old_runs[0]));
  assert(!((old_phase[1] == Phase_RUNNING) || (old_phase[1] == Phase_NESTED)) || !((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED)) || (runs[1] == old_runs[1]));
}

inline draining_opens_an_epoch() {  /* transition, D1 */
  assert((old_state == HotReloadState_DRAINING) || (state != HotReloadState_DRAINING) || (epoch == (old_epoch + 1)));
}

inline a_new_version_is_a_new_epoch() {  /* transition, T1, B1 */
  assert((current == old_current) || ((epoch == (old_epoch + 1)) && (((old_state == HotReloadState_SWAPPING) && (current == old_candidate)) || ((old_state == HotReloadState_UPGRADE_COMPLETE) && (state == HotReloadState_ROLLED_BACK) && (current == old_previous)))));
}

inline a_failed_handover_leaves_the_old_version_behind_an_open_gate() {  /* transition, H2 */
  assert((old_state != HotReloadState_SWAPPING) || (state != HotReloadState_ROLLED_BACK) || ((current == old_current) && (gate == Gate_OPEN) && (life[current] == Life_LIVE)));
}

inline versions_go_back_by_a_revert_only() {  /* transition, T4 */
  assert((old_current <= current) || ((old_state == HotReloadState_UPGRADE_COMPLETE) && (state == HotReloadState_ROLLED_BACK)));
}

inline life_moves_forward() {  /* transition, M1, M3 */
  assert((life[0] == old_life[0]) || ((old_life[0] == Life_UNBORN) && (life[0] == Life_CANDIDATE)) || ((old_life[0] == Life_CANDIDATE) && ((life[0] == Life_LIVE) || (life[0] == Life_FREED))) || ((old_life[0] == Life_LIVE) && (life[0] == Life_RETIRED)) || ((old_life[0] == Life_RETIRED) && (life[0] == Life_FREED)));
  assert((life[1] == old_life[1]) || ((old_life[1] == Life_UNBORN) && (life[1] == Life_CANDIDATE)) || ((old_life[1] == Life_CANDIDATE) && ((life[1] == Life_LIVE) || (life[1] == Life_FREED))) || ((old_life[1] == Life_LIVE) && (life[1] == Life_RETIRED)) || ((old_life[1] == Life_RETIRED) && (life[1] == Life_FREED)));
}

inline each_upgrade_is_counted_once() {  /* transition, B2, S1 */
  assert((((old_state != HotReloadState_ROLLED_BACK) && (state == HotReloadState_ROLLED_BACK)) -> ((failed == (old_failed + 1)) && (succeeded == old_succeeded)) : (((old_state == HotReloadState_UPGRADE_COMPLETE) && (state == HotReloadState_ACTIVE)) -> ((succeeded == (old_succeeded + 1)) && (failed == old_failed)) : ((failed == old_failed) && (succeeded == old_succeeded)))));
}

#define Thread_may_id _pid
active [2] proctype Thread_may() {
  do
  :: /* invoke, which may be put off for ever */
     d_step {
       (phase[Thread_may_id] == Phase_IDLE) ->
       remember();
       phase[Thread_may_id] = Phase_INVOKED;
       a_call_starts_once_and_ends_once();
       a_call_keeps_its_version();
       forget();
     }
  :: /* nest, which may be put off for ever */
     d_step {
       (phase[Thread_may_id] == Phase_RUNNING) ->
       remember();
       phase[Thread_may_id] = Phase_NESTED;
       inner[Thread_may_id] = runs[Thread_may_id];
       a_call_starts_once_and_ends_once();
       a_call_keeps_its_version();
       forget();
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Thread_id (_pid - 2)
active [2] proctype Thread() {
  do
  :: /* start */
     d_step {
       (phase[Thread_id] == Phase_INVOKED) &&
       (gate == Gate_OPEN) ->
       assert(life[current] == Life_LIVE);  /* R5: a call starts on a version that is initialised */
       remember();
       phase[Thread_id] = Phase_RUNNING;
       runs[Thread_id] = current;
       a_call_starts_once_and_ends_once();
       a_call_keeps_its_version();
       forget();
     }
  :: /* turned_away */
     d_step {
       (phase[Thread_id] == Phase_INVOKED) &&
       (gate == Gate_SHUT) ->
       remember();
       phase[Thread_id] = Phase_IDLE;
       a_call_starts_once_and_ends_once();
       a_call_keeps_its_version();
       forget();
     }
  :: /* unnest */
     d_step {
       (phase[Thread_id] == Phase_NESTED) ->
       remember();
       phase[Thread_id] = Phase_RUNNING;
       inner[Thread_id] = 0;
       a_call_starts_once_and_ends_once();
       a_call_keeps_its_version();
       forget();
     }
  :: /* finish */
     d_step {
       (phase[Thread_id] == Phase_RUNNING) ->
       remember();
       phase[Thread_id] = Phase_IDLE;
       runs[Thread_id] = 0;
       awaited[Thread_id] = false;
       a_call_starts_once_and_ends_once();
       a_call_keeps_its_version();
       forget();
     }
  od
}

active [1] proctype Environment_may() {
  do
  :: /* prepare_upgrade, which may be put off for ever */
     d_step {
       settled &&
       (gate != Gate_SHUT) &&
       ((alive + building) < 3) ->
       remember();
       state = HotReloadState_PREPARING_UPGRADE;
       building = building + 1;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* drain_in_flight, which may be put off for ever */
     d_step {
       (state == HotReloadState_PREPARING_UPGRADE) &&
       ready &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 4) ->
       remember();
       state = HotReloadState_DRAINING;
       epoch = epoch + 1;
       gate = Gate_HELD;
       ready = false;
       awaited[0] = (phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED);
       awaited[1] = (phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED);
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* time_out, which may be put off for ever */
     d_step {
       (state == HotReloadState_DRAINING) &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) &&
       ((gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       state = HotReloadState_ROLLED_BACK;
       candidate = 0;
       failed = failed + 1;
       awaited[0] = false;
       awaited[1] = false;
       if
       :: gate == Gate_HELD ->
          epoch = epoch + 1;
          gate = Gate_OPEN;
       :: else ->
          skip
       fi;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* interrupted, which may be put off for ever */
     d_step {
       ((state == HotReloadState_DRAINING) || (state == HotReloadState_SWAPPING)) &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) &&
       ((gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       state = HotReloadState_ROLLED_BACK;
       candidate = 0;
       failed = failed + 1;
       awaited[0] = false;
       awaited[1] = false;
       if
       :: gate == Gate_HELD ->
          epoch = epoch + 1;
          gate = Gate_OPEN;
       :: else ->
          skip
       fi;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* revert_times_out, which may be put off for ever */
     d_step {
       reverting &&
       ((gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       undecided = true;
       awaited[0] = false;
       awaited[1] = false;
       if
       :: gate == Gate_HELD ->
          epoch = epoch + 1;
          gate = Gate_OPEN;
       :: else ->
          skip
       fi;
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       forget();
     }
  :: /* cancel_upgrade, which may be put off for ever */
     d_step {
       ((state == HotReloadState_PREPARING_UPGRADE) || (state == HotReloadState_DRAINING)) &&
       ((state != HotReloadState_DRAINING) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) &&
       ((state != HotReloadState_DRAINING) || (gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       candidate = 0;
       ready = (state == HotReloadState_DRAINING) && ready;
       if
       :: state == HotReloadState_DRAINING ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
          awaited[0] = false;
          awaited[1] = false;
          if
          :: gate == Gate_HELD ->
             epoch = epoch + 1;
             gate = Gate_OPEN;
          :: else ->
             skip
          fi;
       :: else ->
          state = HotReloadState_ACTIVE;
       fi;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* acknowledge, which may be put off for ever */
     d_step {
       (state == HotReloadState_ROLLED_BACK) &&
       (gate != Gate_SHUT) ->
       remember();
       state = HotReloadState_ACTIVE;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* unregister, which may be put off for ever */
     d_step {
       settled &&
       (gate != Gate_SHUT) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 4) ->
       remember();
       epoch = epoch + 1;
       gate = Gate_SHUT;
       life[current] = Life_RETIRED;
       undecided = false;
       if
       :: current == previous ->
          previous = 0;
       :: else ->
          skip
       fi;
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

active [1] proctype Environment_build() {
  do
  :: /* build */
     d_step {
       preparing &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 2) ->
       remember();
       life[newest + 1] = Life_CANDIDATE;
       building = building - 1;
       candidate = newest + 1;
       newest = newest + 1;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  od
}

active [1] proctype Environment_build_fails() {
  do
  :: /* build_fails */
     d_step {
       preparing &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) &&
       ((gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       state = HotReloadState_ROLLED_BACK;
       building = building - 1;
       candidate = 0;
       failed = failed + 1;
       awaited[0] = false;
       awaited[1] = false;
       if
       :: gate == Gate_HELD ->
          epoch = epoch + 1;
          gate = Gate_OPEN;
       :: else ->
          skip
       fi;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_build_of_a_cancelled_upgrade() {
  do
  :: /* build_of_a_cancelled_upgrade */
     d_step {
       somebody_builds_in_vain &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 2) ->
       remember();
       life[newest + 1] = Life_CANDIDATE;
       newest = newest + 1;
       building = building - 1;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  od
}

active [1] proctype Environment_build_of_a_cancelled_upgrade_fails() {
  do
  :: /* build_of_a_cancelled_upgrade_fails */
     d_step {
       somebody_builds_in_vain ->
       building = building - 1;
     }
  od
}

active [1] proctype Environment_prepared() {
  do
  :: /* prepared */
     d_step {
       (state == HotReloadState_PREPARING_UPGRADE) &&
       (candidate != 0) &&
       !ready ->
       ready = true;
     }
  od
}

active [1] proctype Environment_init_fails() {
  do
  :: /* init_fails */
     d_step {
       (state == HotReloadState_PREPARING_UPGRADE) &&
       (candidate != 0) &&
       !ready &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) &&
       ((gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       state = HotReloadState_ROLLED_BACK;
       candidate = 0;
       failed = failed + 1;
       awaited[0] = false;
       awaited[1] = false;
       if
       :: gate == Gate_HELD ->
          epoch = epoch + 1;
          gate = Gate_OPEN;
       :: else ->
          skip
       fi;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_drained() {
  do
  :: /* drained */
     d_step {
       (state == HotReloadState_DRAINING) &&
       !somebody_is_awaited ->
       remember();
       state = HotReloadState_SWAPPING;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_handover_fails() {
  do
  :: /* handover_fails */
     d_step {
       (state == HotReloadState_SWAPPING) &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) &&
       ((gate != Gate_HELD) || ((0 <= (epoch + 1)) && ((epoch + 1) < 4))) ->
       remember();
       state = HotReloadState_ROLLED_BACK;
       candidate = 0;
       failed = failed + 1;
       awaited[0] = false;
       awaited[1] = false;
       if
       :: gate == Gate_HELD ->
          epoch = epoch + 1;
          gate = Gate_OPEN;
       :: else ->
          skip
       fi;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_atomic_swap() {
  do
  :: /* atomic_swap */
     d_step {
       (state == HotReloadState_SWAPPING) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 4) ->
       remember();
       state = HotReloadState_UPGRADE_COMPLETE;
       manifest = candidate;
       epoch = epoch + 1;
       gate = Gate_OPEN;
       life[candidate] = Life_LIVE;
       previous = current;
       current = candidate;
       candidate = 0;
       undecided = true;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       life_moves_forward();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_commit() {
  do
  :: /* commit */
     d_step {
       undecided &&
       (0 <= (succeeded + 1)) &&
       ((succeeded + 1) < 2) ->
       remember();
       state = HotReloadState_ACTIVE;
       life[previous] = Life_RETIRED;
       previous = 0;
       undecided = false;
       succeeded = succeeded + 1;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       life_moves_forward();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_revert() {
  do
  :: /* revert */
     d_step {
       reverting &&
       !somebody_is_awaited &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 4) ->
       remember();
       state = HotReloadState_ROLLED_BACK;
       epoch = epoch + 1;
       gate = Gate_OPEN;
       life[current] = Life_RETIRED;
       undecided = false;
       failed = failed + 1;
       if
       :: current == previous ->
          current = 0;
          manifest = 0;
       :: else ->
          current = previous;
          manifest = previous;
       fi;
       previous = 0;
       only_the_listed_transitions();
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       life_moves_forward();
       each_upgrade_is_counted_once();
       forget();
     }
  od
}

active [1] proctype Environment_drain_for_revert() {
  do
  :: /* drain_for_revert */
     d_step {
       undecided &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 4) ->
       remember();
       epoch = epoch + 1;
       gate = Gate_HELD;
       undecided = false;
       awaited[0] = (phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED);
       awaited[1] = (phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED);
       draining_opens_an_epoch();
       a_new_version_is_a_new_epoch();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       forget();
     }
  od
}

#define Version_id (_pid - 17)
active [2] proctype Version() {
  do
  :: /* discard */
     d_step {
       abandoned(Version_id) ->
       remember();
       life[Version_id] = Life_FREED;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  :: /* cleanup_old */
     d_step {
       (life[Version_id] == Life_RETIRED) &&
       !((((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED)) && (runs[0] == Version_id)) || (((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED)) && (runs[1] == Version_id))) ->
       remember();
       life[Version_id] = Life_FREED;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  od
}

#ifndef LIVENESS
active proctype Monitor() {
  do
  :: /* a_running_call_has_its_version: invariant, R3, M1, M3 */
     d_step { !((!((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED)) || (life[runs[0]] == Life_LIVE) || (life[runs[0]] == Life_RETIRED)) && (!((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED)) || (life[runs[1]] == Life_LIVE) || (life[runs[1]] == Life_RETIRED))) -> assert(false) }
  :: /* a_nested_call_runs_on_the_version_of_the_outer_one: invariant, R4 */
     d_step { !(((phase[0] != Phase_NESTED) || (inner[0] == runs[0])) && ((phase[1] != Phase_NESTED) || (inner[1] == runs[1]))) -> assert(false) }
  :: /* the_manifest_is_that_of_the_current_version: invariant, T1 */
     d_step { !(manifest == current) -> assert(false) }
  :: /* the_current_version_is_live: invariant, M2 */
     d_step { !(((gate == Gate_SHUT) || (life[current] == Life_LIVE))) -> assert(false) }
  :: /* what_a_revert_would_bring_back_is_live: invariant, M2 */
     d_step { !(((state != HotReloadState_UPGRADE_COMPLETE) || ((life[previous] == Life_LIVE) && (previous != current)))) -> assert(false) }
  :: /* live_means_current_or_on_probation: invariant, M2, L1 */
     d_step { !(((life[0] != Life_LIVE) || (current == 0) || ((state == HotReloadState_UPGRADE_COMPLETE) && (previous == 0))) && ((life[1] != Life_LIVE) || (current == 1) || ((state == HotReloadState_UPGRADE_COMPLETE) && (previous == 1)))) -> assert(false) }
  :: /* the_candidate_is_one: invariant, M4 */
     d_step { !(((candidate == 0) || (life[candidate] == Life_CANDIDATE)) && (!((state == HotReloadState_DRAINING) || (state == HotReloadState_SWAPPING)) || (candidate != 0))) -> assert(false) }
  :: /* no_upgrade_means_nothing_pending: invariant, B1, L2 */
     d_step { !(((candidate == 0) || (state == HotReloadState_PREPARING_UPGRADE) || (state == HotReloadState_DRAINING) || (state == HotReloadState_SWAPPING)) && (!ready || ((state == HotReloadState_PREPARING_UPGRADE) && (candidate != 0))) && (!((previous != 0) || undecided) || (state == HotReloadState_UPGRADE_COMPLETE))) -> assert(false) }
  :: /* the_candidate_is_newer: invariant, T4 */
     d_step { !(((candidate == 0) || (current < candidate))) -> assert(false) }
  :: /* out_of_service_is_for_good: invariant, G2 */
     d_step { !(((gate != Gate_SHUT) || settled)) -> assert(false) }
  :: /* few_versions_are_alive: invariant, M7 */
     d_step { !((alive + building) <= 3) -> assert(false) }
  :: /* the_swap_follows_the_drain: invariant, D3 */
     d_step { !(((state != HotReloadState_SWAPPING) || !somebody_is_awaited)) -> assert(false) }
  :: /* hold_never_runs_old_and_new_at_once: invariant, D5 */
     d_step { !((!((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED)) || (runs[0] == current)) && (!((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED)) || (runs[1] == current))) -> assert(false) }
  :: /* state_is_handed_over_when_no_call_runs: invariant, H1 */
     d_step { !(((state != HotReloadState_SWAPPING) || (!((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED)) && !((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED))))) -> assert(false) }
  :: /* the_gate_is_closed_for_a_drain_only: invariant, D5 */
     d_step { !(((gate != Gate_HELD) || (state == HotReloadState_DRAINING) || (state == HotReloadState_SWAPPING) || reverting)) -> assert(false) }
  :: /* hold_closes_the_gate_for_every_drain: invariant, D5 */
     d_step { !((!((state == HotReloadState_DRAINING) || (state == HotReloadState_SWAPPING) || reverting) || (gate == Gate_HELD))) -> assert(false) }
  :: /* behind_a_closed_gate_all_calls_are_awaited: invariant, D2 */
     d_step { !(((gate != Gate_HELD) || ((awaited[0] == ((phase[0] == Phase_RUNNING) || (phase[0] == Phase_NESTED))) && (awaited[1] == ((phase[1] == Phase_RUNNING) || (phase[1] == Phase_NESTED)))))) -> assert(false) }
  :: /* unborn_means_beyond_the_newest: invariant, part of the argument */
     d_step { !((life[0] == Life_UNBORN) == (newest < 0) && (life[1] == Life_UNBORN) == (newest < 1)) -> assert(false) }
  :: /* after_a_failure_nothing_is_in_the_way: invariant, B3 */
     d_step { !(((state != HotReloadState_ROLLED_BACK) || (gate == Gate_SHUT) || ((gate == Gate_OPEN) && (candidate == 0) && (previous == 0) && !undecided))) -> assert(false) }
  od
}
#endif
