/* quiesce_model.known_bad.published.repairs.ManifestAtSwap with 2 Thread, 2 Upgrader, 3 Version, 6 Epoch, 3 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   published, repaired: manifest at swap: breaks R3 (a_running_call_has_its_version).
   The upgrader is repaired, the caller is not. A call reads the epoch; the upgrade drains past it; the
   call counts itself under the epoch that is already declared empty, fetches the old version, and the
   swap frees that version under it.

   Assertion violated after 9 steps:
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
int refs[6] = { 0, 0, 0, 0, 0, 0 };
byte current = 0;
byte manifest = 0;
byte newest = 0;
byte life[3] = { Life_LIVE, Life_UNBORN, Life_UNBORN };
byte pc[2] = { Call_IDLE, Call_IDLE };
byte cell[2] = { 0, 0 };
byte runs[2] = { 0, 0 };
byte up[2] = { Step_IDLE, Step_IDLE };
byte target[2] = { 0, 0 };


#define Thread_may_id _pid
active [2] proctype Thread_may() {
  do
  :: /* invoke, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Call_IDLE) &&
       (0 <= (epoch % 2)) &&
       ((epoch % 2) < 6) ->
       pc[Thread_may_id] = Call_COUNT;
       cell[Thread_may_id] = epoch % 2;
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
       refs[cell[Thread_id]] = refs[cell[Thread_id]] + 1;
       pc[Thread_id] = Call_LOAD;
     }
  :: /* load */
     d_step {
       (pc[Thread_id] == Call_LOAD) ->
       pc[Thread_id] = Call_RUN;
       runs[Thread_id] = current;
     }
  :: /* finish */
     d_step {
       (pc[Thread_id] == Call_RUN) ->
       refs[cell[Thread_id]] = refs[cell[Thread_id]] - 1;
       pc[Thread_id] = Call_IDLE;
       cell[Thread_id] = 0;
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
       ((state == HotReloadState_ACTIVE) || (state == HotReloadState_ROLLED_BACK)) ->
       state = HotReloadState_PREPARING_UPGRADE;
       up[Upgrader_may_id] = Step_BUILD;
     }
  :: /* time_out, which may be put off for ever */
     d_step {
       (!((0 <= (target[Upgrader_may_id] % 2)) && ((target[Upgrader_may_id] % 2) < 6)) || (up[Upgrader_may_id] == Step_WAIT)) &&
       (!((0 <= (target[Upgrader_may_id] % 2)) && ((target[Upgrader_may_id] % 2) < 6)) || (refs[(target[Upgrader_may_id] % 2)] != 0)) &&
       (0 <= (target[Upgrader_may_id] % 2)) &&
       ((target[Upgrader_may_id] % 2) < 6) ->
       state = HotReloadState_ROLLED_BACK;
       life[newest] = Life_FREED;
       up[Upgrader_may_id] = Step_IDLE;
       target[Upgrader_may_id] = 0;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Upgrader_id (_pid - 6)
active [2] proctype Upgrader() {
  do
  :: /* prepare_fails */
     d_step {
       (up[Upgrader_id] == Step_BUILD) ->
       state = HotReloadState_ROLLED_BACK;
       up[Upgrader_id] = Step_IDLE;
     }
  :: /* prepared */
     d_step {
       (up[Upgrader_id] == Step_BUILD) &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 3) ->
       state = HotReloadState_DRAINING;
       life[newest + 1] = Life_CANDIDATE;
       newest = newest + 1;
       up[Upgrader_id] = Step_ADVANCE;
     }
  :: /* advance */
     d_step {
       (up[Upgrader_id] == Step_ADVANCE) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 6) ->
       up[Upgrader_id] = Step_WAIT;
       target[Upgrader_id] = epoch;
       epoch = epoch + 1;
     }
  :: /* drained */
     d_step {
       (!((0 <= (target[Upgrader_id] % 2)) && ((target[Upgrader_id] % 2) < 6)) || (up[Upgrader_id] == Step_WAIT)) &&
       (!((0 <= (target[Upgrader_id] % 2)) && ((target[Upgrader_id] % 2) < 6)) || (refs[(target[Upgrader_id] % 2)] == 0)) &&
       (0 <= (target[Upgrader_id] % 2)) &&
       ((target[Upgrader_id] % 2) < 6) ->
       state = HotReloadState_SWAPPING;
       up[Upgrader_id] = Step_SWAP;
     }
  :: /* atomic_swap */
     d_step {
       (up[Upgrader_id] == Step_SWAP) ->
       state = HotReloadState_UPGRADE_COMPLETE;
       manifest = newest;
       life[current] = Life_RETIRED;
       current = newest;
       life[newest] = Life_LIVE;
       up[Upgrader_id] = Step_CLEAN;
     }
  :: /* cleanup_old */
     d_step {
       (up[Upgrader_id] == Step_CLEAN) ->
       state = HotReloadState_ACTIVE;
       life[0] = ((life[0] == Life_RETIRED) -> Life_FREED : life[0]);
       life[1] = ((life[1] == Life_RETIRED) -> Life_FREED : life[1]);
       life[2] = ((life[2] == Life_RETIRED) -> Life_FREED : life[2]);
       up[Upgrader_id] = Step_IDLE;
       target[Upgrader_id] = 0;
     }
  od
}

#ifndef LIVENESS
active proctype Monitor() {
  do
  :: /* a_running_call_has_its_version: invariant, R3, M1 */
     d_step { !(((pc[0] != Call_RUN) || (life[runs[0]] == Life_LIVE) || (life[runs[0]] == Life_RETIRED)) && ((pc[1] != Call_RUN) || (life[runs[1]] == Life_LIVE) || (life[runs[1]] == Life_RETIRED))) -> assert(false) }
  od
}
#endif
