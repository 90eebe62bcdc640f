/* quiesce_model.known_bad.published.repairs.SecondWaitForAll with 2 Thread, 1 Upgrader, 2 Version, 3 Epoch, 3 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   published, repaired: second wait for every counter: breaks V1 (every upgrade ends).
   After the swap all counters are waited for, those of the current epoch too. No running call loses
   its version any more. But two callers that take turns keep the current counter above zero for ever,
   although each of their calls ends, and the upgrade never does.

   Acceptance cycle:  spin -DLIVENESS -a F; gcc -O2 -DNOREDUCE -DVECTORSZ=4096 -DNFAIR=3 -o pan pan.c; ./pan -a -f
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
int refs[3] = { 0, 0, 0 };
byte current = 0;
byte manifest = 0;
byte newest = 0;
byte life[2] = { Life_LIVE, Life_UNBORN };
byte pc[2] = { Call_IDLE, Call_IDLE };
byte cell[2] = { 0, 0 };
byte runs[2] = { 0, 0 };
byte up[1] = { Step_IDLE };
byte target[1] = { 0 };

#define old_is_quiet ((refs[0] == 0) && (refs[1] == 0))

#define Thread_may_id _pid
active [2] proctype Thread_may() {
  do
  :: /* invoke, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Call_IDLE) &&
       (0 <= (epoch % 2)) &&
       ((epoch % 2) < 3) ->
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
active [1] proctype Upgrader_may() {
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
       (!((0 <= (target[Upgrader_may_id] % 2)) && ((target[Upgrader_may_id] % 2) < 3)) || (up[Upgrader_may_id] == Step_WAIT)) &&
       (!((0 <= (target[Upgrader_may_id] % 2)) && ((target[Upgrader_may_id] % 2) < 3)) || (refs[(target[Upgrader_may_id] % 2)] != 0)) &&
       (0 <= (target[Upgrader_may_id] % 2)) &&
       ((target[Upgrader_may_id] % 2) < 3) ->
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

#define Upgrader_id (_pid - 5)
active [1] proctype Upgrader() {
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
       ((newest + 1) < 2) ->
       state = HotReloadState_DRAINING;
       life[newest + 1] = Life_CANDIDATE;
       newest = newest + 1;
       up[Upgrader_id] = Step_ADVANCE;
     }
  :: /* advance */
     d_step {
       (up[Upgrader_id] == Step_ADVANCE) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 3) ->
       up[Upgrader_id] = Step_WAIT;
       target[Upgrader_id] = epoch;
       epoch = epoch + 1;
     }
  :: /* drained */
     d_step {
       (!((0 <= (target[Upgrader_id] % 2)) && ((target[Upgrader_id] % 2) < 3)) || (up[Upgrader_id] == Step_WAIT)) &&
       (!((0 <= (target[Upgrader_id] % 2)) && ((target[Upgrader_id] % 2) < 3)) || (refs[(target[Upgrader_id] % 2)] == 0)) &&
       (0 <= (target[Upgrader_id] % 2)) &&
       ((target[Upgrader_id] % 2) < 3) ->
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
       up[Upgrader_id] = Step_ADVANCE_AGAIN;
     }
  :: /* cleanup_old */
     d_step {
       (up[Upgrader_id] == Step_CLEAN) &&
       old_is_quiet ->
       state = HotReloadState_ACTIVE;
       life[0] = ((life[0] == Life_RETIRED) -> Life_FREED : life[0]);
       life[1] = ((life[1] == Life_RETIRED) -> Life_FREED : life[1]);
       up[Upgrader_id] = Step_IDLE;
       target[Upgrader_id] = 0;
     }
  :: /* advance_again */
     d_step {
       (up[Upgrader_id] == Step_ADVANCE_AGAIN) &&
       (0 <= (epoch + 1)) &&
       ((epoch + 1) < 3) ->
       up[Upgrader_id] = Step_CLEAN;
       target[Upgrader_id] = epoch;
       epoch = epoch + 1;
     }
  od
}


#ifdef LIVENESS
#define edge_of_scope (((pc[0] == Call_IDLE) && !((0 <= (epoch % 2)) && ((epoch % 2) < 3))) || ((pc[1] == Call_IDLE) && !((0 <= (epoch % 2)) && ((epoch % 2) < 3))) || ((up[0] == Step_BUILD) && !((0 <= (newest + 1)) && ((newest + 1) < 2))) || ((up[0] == Step_ADVANCE) && !((0 <= (epoch + 1)) && ((epoch + 1) < 3))) || ((!((0 <= (target[0] % 2)) && ((target[0] % 2) < 3)) || (up[0] == Step_WAIT)) && (!((0 <= (target[0] % 2)) && ((target[0] % 2) < 3)) || (refs[(target[0] % 2)] == 0)) && !((0 <= (target[0] % 2)) && ((target[0] % 2) < 3))) || ((!((0 <= (target[0] % 2)) && ((target[0] % 2) < 3)) || (up[0] == Step_WAIT)) && (!((0 <= (target[0] % 2)) && ((target[0] % 2) < 3)) || (refs[(target[0] % 2)] != 0)) && !((0 <= (target[0] % 2)) && ((target[0] % 2) < 3))) || ((up[0] == Step_ADVANCE_AGAIN) && !((0 <= (epoch + 1)) && ((epoch + 1) < 3))))
#define at_rest (up[0] == Step_IDLE)
never every_upgrade_ends {  /* accepts what breaks [] <> (at_rest || edge_of_scope) */
wait:
  if
  :: true -> goto wait
  :: !(at_rest || edge_of_scope) -> goto accept
  fi;
accept:
  if
  :: !(at_rest || edge_of_scope) -> goto accept
  fi
}
#endif
