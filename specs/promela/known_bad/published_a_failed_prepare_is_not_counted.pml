/* quiesce_model.known_bad.published.defects.FailedPrepareUncounted with 2 Thread, 2 Upgrader, 3 Version, 5 Epoch, 3 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   published: a failed prepare is not counted: breaks B2 (each_failure_is_counted).
   An upgrade begins and its candidate does not validate. The caller gets an error, and the statistics
   show no failed upgrade: whoever watches them sees a plugin that nobody has tried to upgrade.

   Assertion violated after 2 steps:
   spin -a F; gcc -O2 -DNOREDUCE -DVECTORSZ=4096 -DSAFETY -DBFS -o pan pan.c; ./pan -E
   Generated: change the model, not this file. */

#define HotReloadState_ACTIVE            0
#define HotReloadState_PREPARING_UPGRADE 1
#define HotReloadState_DRAINING          2
#define HotReloadState_SWAPPING          3
#define HotReloadState_UPGRADE_COMPLETE  4
#define HotReloadState_ROLLED_BACK       5

#define Life_UNBORN                      0
#define Life_CANDIDATE                   1
#define Life_LIVE                        2
#define Life_RETIRED                     3
#define Life_FREED                       4

#define Call_IDLE                        0
#define Call_COUNT                       1
#define Call_LOAD                        2
#define Call_RUN                         3

#define Step_IDLE                        0
#define Step_CHECKED                     1
#define Step_BUILD                       2
#define Step_ADVANCE                     3
#define Step_WAIT                        4
#define Step_SWAP                        5
#define Step_CLEAN                       6
#define Step_ADVANCE_AGAIN               7
#define Step_LEAVE                       8

byte state = HotReloadState_ACTIVE;
byte epoch = 0;
int refs[5] = { 0, 0, 0, 0, 0 };
byte code[5] = { 0, 0, 0, 0, 0 };
byte current = 0;
byte manifest = 0;
byte newest = 0;
byte life[3] = { Life_LIVE, Life_UNBORN, Life_UNBORN };
byte pending = 0;
bool shut = false;
bool gone = false;
bool uncounted = false;
bool unclosed = false;
byte pc[2] = { Call_IDLE, Call_IDLE };
byte held[2] = { 0, 0 };
byte runs[2] = { 0, 0 };
byte up[2] = { Step_IDLE, Step_IDLE };
byte target[2] = { 0, 0 };
byte old[2] = { 0, 0 };

#define is_quiet(u) (((target[u] < 0) || (refs[0] == 0)) && ((target[u] < 1) || (refs[1] == 0)) && ((target[u] < 2) || (refs[2] == 0)) && ((target[u] < 3) || (refs[3] == 0)) && ((target[u] < 4) || (refs[4] == 0)))
#define may_prepare (((state == HotReloadState_ACTIVE) || (state == HotReloadState_ROLLED_BACK)) && !shut)
#define preparing ((up[0] == Step_BUILD) || (up[1] == Step_BUILD))

#define Thread_may_id _pid
active [2] proctype Thread_may() {
  do
  :: /* invoke, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Call_IDLE) &&
       !shut ->
       pc[Thread_may_id] = Call_COUNT;
       held[Thread_may_id] = epoch;
     }
  :: /* refuse, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Call_IDLE) &&
       shut ->
       skip
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Thread_id (_pid - 2)
active [2] proctype Thread() {
  do
  :: /* count */
     d_step {
       (pc[Thread_id] == Call_COUNT) ->
       if
       :: shut ->
          pc[Thread_id] = Call_IDLE;
          held[Thread_id] = 0;
       :: else ->
          refs[epoch] = refs[epoch] + 1;
          pc[Thread_id] = Call_LOAD;
          held[Thread_id] = epoch;
       fi;
     }
  :: /* load */
     d_step {
       (pc[Thread_id] == Call_LOAD) ->
       pc[Thread_id] = Call_RUN;
       runs[Thread_id] = code[held[Thread_id]];
     }
  :: /* finish */
     d_step {
       (pc[Thread_id] == Call_RUN) ->
       refs[held[Thread_id]] = refs[held[Thread_id]] - 1;
       pc[Thread_id] = Call_IDLE;
       held[Thread_id] = 0;
       runs[Thread_id] = 0;
     }
  od
}

#define Upgrader_may_id (_pid - 4)
active [2] proctype Upgrader_may() {
  do
  :: /* prepare_upgrade, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Step_IDLE) &&
       may_prepare ->
       state = HotReloadState_PREPARING_UPGRADE;
       up[Upgrader_may_id] = Step_BUILD;
     }
  :: /* drain_in_flight, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Step_IDLE) &&
       (state == HotReloadState_PREPARING_UPGRADE) &&
       !preparing ->
       state = HotReloadState_DRAINING;
       up[Upgrader_may_id] = Step_ADVANCE;
     }
  :: /* time_out, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Step_WAIT) &&
       !is_quiet(Upgrader_may_id) ->
       state = HotReloadState_ROLLED_BACK;
       up[Upgrader_may_id] = Step_IDLE;
       target[Upgrader_may_id] = 0;
       old[Upgrader_may_id] = 0;
       if
       :: pending == 0 ->
          skip
       :: else ->
          life[pending] = Life_FREED;
       fi;
       pending = 0;
     }
  :: /* cancel_upgrade, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Step_IDLE) &&
       (state == HotReloadState_PREPARING_UPGRADE) &&
       !preparing ->
       state = HotReloadState_ACTIVE;
       if
       :: pending == 0 ->
          skip
       :: else ->
          life[pending] = Life_FREED;
       fi;
       pending = 0;
     }
  :: /* unregister, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Step_IDLE) &&
       (state == HotReloadState_ACTIVE) &&
       !shut ->
       shut = true;
       up[Upgrader_may_id] = Step_LEAVE;
       target[Upgrader_may_id] = epoch;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Upgrader_id (_pid - 6)
active [2] proctype Upgrader() {
  do
  :: /* validation_fails */
     d_step {
       (up[Upgrader_id] == Step_BUILD) ->
       state = HotReloadState_ACTIVE;
       uncounted = true;
       up[Upgrader_id] = Step_IDLE;
       target[Upgrader_id] = 0;
       old[Upgrader_id] = 0;
     }
  :: /* build_fails */
     d_step {
       (up[Upgrader_id] == Step_BUILD) ->
       state = HotReloadState_ACTIVE;
       uncounted = true;
       up[Upgrader_id] = Step_IDLE;
       target[Upgrader_id] = 0;
       old[Upgrader_id] = 0;
     }
  :: /* init_fails */
     d_step {
       (up[Upgrader_id] == Step_BUILD) &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 3) ->
       state = HotReloadState_ACTIVE;
       life[newest + 1] = Life_FREED;
       newest = newest + 1;
       uncounted = true;
       up[Upgrader_id] = Step_IDLE;
       target[Upgrader_id] = 0;
       old[Upgrader_id] = 0;
     }
  :: /* prepared */
     d_step {
       (up[Upgrader_id] == Step_BUILD) &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 3) ->
       life[newest + 1] = Life_CANDIDATE;
       pending = newest + 1;
       newest = newest + 1;
       up[Upgrader_id] = Step_IDLE;
     }
  :: /* advance */
     d_step {
       (up[Upgrader_id] == Step_ADVANCE) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 5) ->
       code[epoch + 1] = current;
       up[Upgrader_id] = Step_WAIT;
       target[Upgrader_id] = epoch;
       epoch = epoch + 1;
     }
  :: /* drained */
     d_step {
       (up[Upgrader_id] == Step_WAIT) &&
       is_quiet(Upgrader_id) ->
       state = HotReloadState_SWAPPING;
       up[Upgrader_id] = Step_SWAP;
     }
  :: /* atomic_swap */
     d_step {
       (up[Upgrader_id] == Step_SWAP) &&
       ((pending == 0) || ((0 <= (epoch + 1)) && ((epoch + 1) < 5))) ->
       if
       :: pending == 0 ->
          up[Upgrader_id] = Step_IDLE;
          target[Upgrader_id] = 0;
          old[Upgrader_id] = 0;
       :: else ->
          state = HotReloadState_UPGRADE_COMPLETE;
          code[epoch + 1] = pending;
          manifest = pending;
          life[current] = Life_RETIRED;
          life[pending] = Life_LIVE;
          up[Upgrader_id] = Step_CLEAN;
          target[Upgrader_id] = epoch;
          epoch = epoch + 1;
          old[Upgrader_id] = current;
          current = pending;
          pending = 0;
       fi;
     }
  :: /* cleanup_old */
     d_step {
       (up[Upgrader_id] == Step_CLEAN) &&
       is_quiet(Upgrader_id) ->
       life[old[Upgrader_id]] = Life_FREED;
       unclosed = gone && unclosed;
       up[Upgrader_id] = Step_IDLE;
       target[Upgrader_id] = 0;
       old[Upgrader_id] = 0;
       if
       :: gone ->
          skip
       :: else ->
          state = HotReloadState_ACTIVE;
       fi;
     }
  :: /* unregistered */
     d_step {
       (up[Upgrader_id] == Step_LEAVE) &&
       is_quiet(Upgrader_id) ->
       life[current] = Life_RETIRED;
       gone = true;
       up[Upgrader_id] = Step_CLEAN;
       old[Upgrader_id] = current;
     }
  od
}

#ifndef LIVENESS
active proctype Monitor() {
  do
  :: /* each_failure_is_counted: invariant, B2 */
     d_step { !(!uncounted) -> assert(false) }
  od
}
#endif
