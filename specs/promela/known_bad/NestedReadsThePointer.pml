/* quiesce_model.known_bad.mutants.calls.NestedReadsThePointer with 1 Thread, 1 Upgrader, 2 Version, 4 Epoch, 2 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   NestedReadsThePointer: breaks R4 (a_nested_call_runs_on_the_version_of_the_outer_one).
   A call is under way when the version is swapped; the call that it makes itself runs on the new one.

   Assertion violated after 12 steps:
   spin -a F; gcc -O2 -DNOREDUCE -DVECTORSZ=4096 -DSAFETY -DBFS -o pan pan.c; ./pan -E
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

#define Pc_IDLE                          0
#define Pc_READ                          1
#define Pc_ANNOUNCE                      2
#define Pc_CONFIRM                       3
#define Pc_RETRACT                       4
#define Pc_RUN                           5
#define Pc_NESTED                        6
#define Pc_PEEK                          7
#define Pc_LOOK                          8
#define Pc_LOOK_AGAIN                    9

#define Up_IDLE                          0
#define Up_BUILD                         1
#define Up_INIT                          2
#define Up_SCAN                          3
#define Up_WAIT                          4
#define Up_HANDOVER                      5
#define Up_SWAP                          6
#define Up_DECIDE                        7
#define Up_UNDO_SCAN                     8
#define Up_UNDO_WAIT                     9
#define Up_LOOK                          10
#define Up_DISCARD                       11

byte state = HotReloadState_ACTIVE;
byte now_ = 0;
byte code[4] = { 0, 0, 0, 0 };
byte gate = Gate_OPEN;
int holders[4] = { 0, 0, 0, 0 };
byte newest = 0;
byte life[2] = { Life_LIVE, Life_UNBORN };
byte pending = 0;
byte previous = 0;
bool probation = false;
byte succeeded = 0;
byte failed = 0;
byte pc[1] = { Pc_IDLE };
byte epoch[1] = { 0 };
byte inner[1] = { 0 };
byte up[1] = { Up_IDLE };
byte mine[1] = { 0 };
bool ticket[1] = { false };
bool woken[1] = { false };

#define alive ((((life[0] == Life_CANDIDATE) || (life[0] == Life_LIVE) || (life[0] == Life_RETIRED)) -> 1 : 0) + (((life[1] == Life_CANDIDATE) || (life[1] == Life_LIVE) || (life[1] == Life_RETIRED)) -> 1 : 0))
#define may_decide(u) ((up[u] == Up_DECIDE) || ((up[u] == Up_IDLE) && probation))
#define nobody_runs(v) (!((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) || (code[epoch[0]] != v))
#define room ((alive + ((up[0] == Up_BUILD) -> 1 : 0)) < 3)
#define settled ((state == HotReloadState_ACTIVE) || (state == HotReloadState_ROLLED_BACK))
#define unheld(v) (((now_ < 0) || (code[0] != v) || (holders[0] == 0)) && ((now_ < 1) || (code[1] != v) || (holders[1] == 0)) && ((now_ < 2) || (code[2] != v) || (holders[2] == 0)) && ((now_ < 3) || (code[3] != v) || (holders[3] == 0)))

#define Thread_may_id _pid
active [1] proctype Thread_may() {
  do
  :: /* invoke, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Pc_IDLE) ->
       pc[Thread_may_id] = Pc_READ;
     }
  :: /* nest, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Pc_RUN) &&
       (gate == Gate_OPEN) ->
       pc[Thread_may_id] = Pc_NESTED;
       inner[Thread_may_id] = now_;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Thread_id (_pid - 1)
active [1] proctype Thread() {
  do
  :: /* read */
     d_step {
       (pc[Thread_id] == Pc_READ) &&
       (gate != Gate_HELD) ->
       if
       :: gate == Gate_SHUT ->
          pc[Thread_id] = Pc_IDLE;
       :: else ->
          pc[Thread_id] = Pc_ANNOUNCE;
          epoch[Thread_id] = now_;
       fi;
     }
  :: /* announce */
     d_step {
       (pc[Thread_id] == Pc_ANNOUNCE) ->
       holders[epoch[Thread_id]] = holders[epoch[Thread_id]] + 1;
       pc[Thread_id] = Pc_CONFIRM;
     }
  :: /* confirm */
     d_step {
       (pc[Thread_id] == Pc_CONFIRM) &&
       ((epoch[Thread_id] != now_) || (life[code[epoch[Thread_id]]] == Life_LIVE)) ->
       if
       :: epoch[Thread_id] == now_ ->
          pc[Thread_id] = Pc_RUN;
       :: else ->
          pc[Thread_id] = Pc_RETRACT;
       fi;
     }
  :: /* retract */
     d_step {
       (pc[Thread_id] == Pc_RETRACT) ->
       holders[epoch[Thread_id]] = holders[epoch[Thread_id]] - 1;
       pc[Thread_id] = Pc_LOOK_AGAIN;
     }
  :: /* unnest */
     d_step {
       (pc[Thread_id] == Pc_NESTED) ->
       pc[Thread_id] = Pc_RUN;
       inner[Thread_id] = 0;
     }
  :: /* finish */
     d_step {
       (pc[Thread_id] == Pc_RUN) ->
       holders[epoch[Thread_id]] = holders[epoch[Thread_id]] - 1;
       pc[Thread_id] = Pc_PEEK;
     }
  :: /* peek */
     d_step {
       (pc[Thread_id] == Pc_PEEK) ->
       if
       :: epoch[Thread_id] == now_ ->
          pc[Thread_id] = Pc_IDLE;
          epoch[Thread_id] = 0;
       :: else ->
          pc[Thread_id] = Pc_LOOK;
       fi;
     }
  :: /* look */
     d_step {
       ((pc[Thread_id] == Pc_LOOK) || (pc[Thread_id] == Pc_LOOK_AGAIN)) &&
       ((life[code[epoch[Thread_id]]] != Life_RETIRED) || !unheld(code[epoch[Thread_id]]) || (code[epoch[Thread_id]] != code[now_]) || (gate == Gate_SHUT)) &&
       ((life[code[epoch[Thread_id]]] != Life_RETIRED) || !unheld(code[epoch[Thread_id]]) || nobody_runs(code[epoch[Thread_id]])) ->
       pc[Thread_id] = ((pc[Thread_id] == Pc_LOOK) -> Pc_IDLE : Pc_READ);
       woken[0] = woken[0] || (up[0] == Up_WAIT) || (up[0] == Up_UNDO_WAIT);
       if
       :: (life[code[epoch[Thread_id]]] == Life_RETIRED) && unheld(code[epoch[Thread_id]]) ->
          life[code[epoch[Thread_id]]] = Life_FREED;
       :: else ->
          skip
       fi;
       epoch[Thread_id] = 0;
     }
  od
}

#define Upgrader_may_id (_pid - 2)
active [1] proctype Upgrader_may() {
  do
  :: /* prepare_upgrade, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       settled &&
       (gate != Gate_SHUT) &&
       room ->
       state = HotReloadState_PREPARING_UPGRADE;
       up[Upgrader_may_id] = Up_BUILD;
       ticket[Upgrader_may_id] = true;
     }
  :: /* drain_in_flight, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       (state == HotReloadState_PREPARING_UPGRADE) &&
       (pending != 0) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) ->
       state = HotReloadState_DRAINING;
       code[now_ + 1] = code[now_];
       now_ = now_ + 1;
       gate = Gate_OPEN;
       up[Upgrader_may_id] = Up_SCAN;
       mine[Upgrader_may_id] = pending;
       pending = 0;
       ticket[Upgrader_may_id] = true;
     }
  :: /* interrupted, which may be put off for ever */
     d_step {
       ((up[Upgrader_may_id] == Up_SCAN) || (up[Upgrader_may_id] == Up_WAIT) || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP)) &&
       (!(ticket[Upgrader_may_id] || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP)) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) &&
       (!(ticket[Upgrader_may_id] || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP)) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))) ->
       woken[Upgrader_may_id] = false;
       if
       :: ticket[Upgrader_may_id] || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP) ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
          ticket[Upgrader_may_id] = false;
          if
          :: gate == Gate_HELD ->
             code[now_ + 1] = code[now_];
             now_ = now_ + 1;
             gate = Gate_OPEN;
          :: else ->
             skip
          fi;
       :: else ->
          skip
       fi;
       up[Upgrader_may_id] = Up_DISCARD;
     }
  :: /* cancel_upgrade, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       ((state == HotReloadState_PREPARING_UPGRADE) || (state == HotReloadState_DRAINING)) &&
       ((state != HotReloadState_DRAINING) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) &&
       ((state != HotReloadState_DRAINING) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))) ->
       ticket[0] = false;
       if
       :: state == HotReloadState_DRAINING ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
          woken[0] = woken[0] || (up[0] == Up_WAIT);
          if
          :: gate == Gate_HELD ->
             code[now_ + 1] = code[now_];
             now_ = now_ + 1;
             gate = Gate_OPEN;
          :: else ->
             skip
          fi;
       :: else ->
          state = HotReloadState_ACTIVE;
          if
          :: pending == 0 ->
             skip
          :: else ->
             up[Upgrader_may_id] = Up_DISCARD;
             mine[Upgrader_may_id] = pending;
             pending = 0;
          fi;
       fi;
     }
  :: /* unregister, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       settled &&
       (gate != Gate_SHUT) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) ->
       gate = Gate_SHUT;
       life[code[now_]] = Life_RETIRED;
       previous = 0;
       probation = false;
       up[Upgrader_may_id] = Up_LOOK;
       mine[Upgrader_may_id] = code[now_];
       code[now_ + 1] = code[now_];
       now_ = now_ + 1;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Upgrader_id (_pid - 3)
active [1] proctype Upgrader() {
  do
  :: /* build_fails */
     d_step {
       (up[Upgrader_id] == Up_BUILD) &&
       (!ticket[Upgrader_id] || ((0 <= (failed + 1)) && ((failed + 1) < 2))) ->
       up[Upgrader_id] = Up_IDLE;
       mine[Upgrader_id] = 0;
       if
       :: ticket[Upgrader_id] ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
       :: else ->
          skip
       fi;
       if
       :: ticket[Upgrader_id] ->
          ticket[Upgrader_id] = false;
       :: else ->
          skip
       fi;
       ticket[Upgrader_id] = false;
     }
  :: /* build */
     d_step {
       (up[Upgrader_id] == Up_BUILD) &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 2) ->
       life[newest + 1] = Life_CANDIDATE;
       up[Upgrader_id] = Up_INIT;
       mine[Upgrader_id] = newest + 1;
       newest = newest + 1;
     }
  :: /* init_fails */
     d_step {
       (up[Upgrader_id] == Up_INIT) &&
       (!ticket[Upgrader_id] || ((0 <= (failed + 1)) && ((failed + 1) < 2))) ->
       up[Upgrader_id] = Up_DISCARD;
       if
       :: ticket[Upgrader_id] ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
          ticket[Upgrader_id] = false;
       :: else ->
          skip
       fi;
     }
  :: /* prepared */
     d_step {
       (up[Upgrader_id] == Up_INIT) ->
       if
       :: ticket[Upgrader_id] ->
          pending = mine[Upgrader_id];
          up[Upgrader_id] = Up_IDLE;
          mine[Upgrader_id] = 0;
          ticket[Upgrader_id] = false;
       :: else ->
          up[Upgrader_id] = Up_DISCARD;
       fi;
     }
  :: /* scan */
     d_step {
       (up[Upgrader_id] == Up_SCAN) ->
       up[Upgrader_id] = Up_WAIT;
       woken[Upgrader_id] = true;
     }
  :: /* drained_in_time */
     d_step {
       (up[Upgrader_id] == Up_WAIT) &&
       woken[Upgrader_id] ->
       woken[Upgrader_id] = false;
       if
       :: ticket[Upgrader_id] ->
          state = HotReloadState_SWAPPING;
          up[Upgrader_id] = Up_SWAP;
          ticket[Upgrader_id] = false;
       :: else ->
          up[Upgrader_id] = Up_DISCARD;
       fi;
     }
  :: /* atomic_swap */
     d_step {
       (up[Upgrader_id] == Up_SWAP) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) ->
       state = HotReloadState_UPGRADE_COMPLETE;
       gate = Gate_OPEN;
       life[mine[Upgrader_id]] = Life_LIVE;
       previous = code[now_];
       code[now_ + 1] = mine[Upgrader_id];
       now_ = now_ + 1;
       up[Upgrader_id] = Up_DECIDE;
       mine[Upgrader_id] = 0;
     }
  :: /* begin_probation */
     d_step {
       (up[Upgrader_id] == Up_DECIDE) ->
       probation = true;
       up[Upgrader_id] = Up_IDLE;
     }
  :: /* commit */
     d_step {
       may_decide(Upgrader_id) &&
       (0 <= (succeeded + 1)) &&
       ((succeeded + 1) < 2) ->
       state = HotReloadState_ACTIVE;
       life[previous] = Life_RETIRED;
       probation = false;
       succeeded = succeeded + 1;
       up[Upgrader_id] = Up_LOOK;
       mine[Upgrader_id] = previous;
       previous = 0;
     }
  :: /* revert */
     d_step {
       may_decide(Upgrader_id) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) ->
       state = HotReloadState_ROLLED_BACK;
       gate = Gate_OPEN;
       life[code[now_]] = Life_RETIRED;
       probation = false;
       failed = failed + 1;
       up[Upgrader_id] = Up_LOOK;
       mine[Upgrader_id] = code[now_];
       code[now_ + 1] = previous;
       now_ = now_ + 1;
       previous = 0;
     }
  :: /* cleanup_old */
     d_step {
       (up[Upgrader_id] == Up_LOOK) &&
       ((life[mine[Upgrader_id]] != Life_RETIRED) || !unheld(mine[Upgrader_id]) || (mine[Upgrader_id] != code[now_]) || (gate == Gate_SHUT)) &&
       ((life[mine[Upgrader_id]] != Life_RETIRED) || !unheld(mine[Upgrader_id]) || nobody_runs(mine[Upgrader_id])) ->
       up[Upgrader_id] = Up_IDLE;
       ticket[Upgrader_id] = false;
       if
       :: (life[mine[Upgrader_id]] == Life_RETIRED) && unheld(mine[Upgrader_id]) ->
          life[mine[Upgrader_id]] = Life_FREED;
       :: else ->
          skip
       fi;
       mine[Upgrader_id] = 0;
     }
  :: /* discard */
     d_step {
       (up[Upgrader_id] == Up_DISCARD) &&
       (life[mine[Upgrader_id]] == Life_CANDIDATE) ->
       life[mine[Upgrader_id]] = Life_FREED;
       up[Upgrader_id] = Up_IDLE;
       mine[Upgrader_id] = 0;
       ticket[Upgrader_id] = false;
     }
  od
}

active [1] proctype Environment_may() {
  do
  :: /* acknowledge, which may be put off for ever */
     d_step {
       (state == HotReloadState_ROLLED_BACK) &&
       (gate != Gate_SHUT) ->
       state = HotReloadState_ACTIVE;
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#ifndef LIVENESS
active proctype Monitor() {
  do
  :: /* a_nested_call_runs_on_the_version_of_the_outer_one: invariant, R4 */
     d_step { !(((pc[0] != Pc_NESTED) || (code[inner[0]] == code[epoch[0]]))) -> assert(false) }
  od
}
#endif
