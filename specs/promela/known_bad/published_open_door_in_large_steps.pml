/* quiesce_model.known_bad.published.large_steps.OpenDoor with 2 Thread, 1 Upgrader, 3 Version, 5 Epoch, 3 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   published: open door, in large steps: breaks D5 (complete_means_that_no_call_runs_an_older_version).
   Prepare; open the drain; a call enters, in one step, under the new epoch and gets the old version;
   the drain finds the epoch before it empty; swap. The upgrade is complete while a call runs the old
   version, although entering was atomic: the order is at fault. Either the door is closed while
   draining (HOLD), or the old version is kept for such calls (CONTINUE).

   Assertion violated after 5 steps:
   spin -a F; gcc -O2 -DNOREDUCE -DVECTORSZ=4096 -DSAFETY -DBFS -o pan pan.c; ./pan -E
   Generated: change the model, not this file. */

#define HotReloadState_ACTIVE            0
#define HotReloadState_PREPARING_UPGRADE 1
#define HotReloadState_DRAINING          2
#define HotReloadState_SWAPPING          3
#define HotReloadState_UPGRADE_COMPLETE  4
#define HotReloadState_ROLLED_BACK       5

byte state = HotReloadState_ACTIVE;
byte epoch = 0;
byte target = 0;
int refs[5] = { 0, 0, 0, 0, 0 };
byte current = 0;
bool inside[2] = { false, false };
byte held[2] = { 0, 0 };
byte runs[2] = { 0, 0 };

#define is_drained (refs[target] == 0)

#define Thread_may_id _pid
active [2] proctype Thread_may() {
  do
  :: /* enter, which may be put off for ever */
     d_step {
       !inside[Thread_may_id] ->
       refs[epoch] = refs[epoch] + 1;
       inside[Thread_may_id] = true;
       held[Thread_may_id] = epoch;
       runs[Thread_may_id] = current;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Thread_id (_pid - 2)
active [2] proctype Thread() {
  do
  :: /* finish */
     d_step {
       inside[Thread_id] ->
       refs[held[Thread_id]] = refs[held[Thread_id]] - 1;
       inside[Thread_id] = false;
       held[Thread_id] = 0;
       runs[Thread_id] = 0;
     }
  od
}

active [1] proctype Environment_may() {
  do
  :: /* prepare_upgrade, which may be put off for ever */
     d_step {
       ((state == HotReloadState_ACTIVE) || (state == HotReloadState_ROLLED_BACK)) ->
       state = HotReloadState_PREPARING_UPGRADE;
     }
  :: /* cancel_upgrade, which may be put off for ever */
     d_step {
       (state == HotReloadState_PREPARING_UPGRADE) ->
       state = HotReloadState_ACTIVE;
     }
  :: /* time_out, which may be put off for ever */
     d_step {
       (state == HotReloadState_DRAINING) &&
       !is_drained ->
       state = HotReloadState_ROLLED_BACK;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

active [1] proctype Environment_drain_in_flight() {
  do
  :: /* drain_in_flight */
     d_step {
       (state == HotReloadState_PREPARING_UPGRADE) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 5) ->
       state = HotReloadState_DRAINING;
       target = epoch;
       epoch = epoch + 1;
     }
  od
}

active [1] proctype Environment_drained() {
  do
  :: /* drained */
     d_step {
       (state == HotReloadState_DRAINING) &&
       is_drained ->
       state = HotReloadState_SWAPPING;
     }
  od
}

active [1] proctype Environment_atomic_swap() {
  do
  :: /* atomic_swap */
     d_step {
       (state == HotReloadState_SWAPPING) &&
       (0 <= (current + 1)) &&
       ((current + 1) < 3) ->
       state = HotReloadState_UPGRADE_COMPLETE;
       current = current + 1;
     }
  od
}

active [1] proctype Environment_complete() {
  do
  :: /* complete */
     d_step {
       (state == HotReloadState_UPGRADE_COMPLETE) ->
       state = HotReloadState_ACTIVE;
     }
  od
}

#ifndef LIVENESS
active proctype Monitor() {
  do
  :: /* complete_means_that_no_call_runs_an_older_version: invariant, D2, D5 */
     d_step { !(((state != HotReloadState_UPGRADE_COMPLETE) || ((!inside[0] || (runs[0] == current)) && (!inside[1] || (runs[1] == current))))) -> assert(false) }
  od
}
#endif
