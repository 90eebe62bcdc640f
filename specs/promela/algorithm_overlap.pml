/* quiesce_model.algorithm.Overlap with 1 Thread, 2 Upgrader, 2 Version, 4 Epoch, 2 Tally.
   Digest of the model: 1ff438d067b0fb2c.

   All states, no claim broken:
   spin -a F; gcc -O2 -DSAFETY -DNOREDUCE -DVECTORSZ=4096 -o pan pan.c; ./pan -E
   Every upgrade ends:
   spin -DLIVENESS -a F; gcc -O2 -DNOREDUCE -DNFAIR=3 -DVECTORSZ=4096 -o pan pan.c; ./pan -a -f
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
byte up[2] = { Up_IDLE, Up_IDLE };
byte mine[2] = { 0, 0 };
bool ticket[2] = { false, false };
bool woken[2] = { false, false };
byte old_state;
byte old_now;
byte old_code[4];
byte old_gate;
int old_holders[4];
byte old_life[2];
byte old_previous;
byte old_succeeded;
byte old_failed;
byte old_pc[1];
byte old_epoch[1];

#ifdef LIVENESS
bool calm = false;  /* from now on, no nest */
#define may_nest !calm
#else
#define may_nest true
#endif

#define alive ((((life[0] == Life_CANDIDATE) || (life[0] == Life_LIVE) || (life[0] == Life_RETIRED)) -> 1 : 0) + (((life[1] == Life_CANDIDATE) || (life[1] == Life_LIVE) || (life[1] == Life_RETIRED)) -> 1 : 0))
#define may_decide(u) ((up[u] == Up_DECIDE) || ((up[u] == Up_IDLE) && probation))
#define nobody_runs(v) (!((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) || (code[epoch[0]] != v))
#define room ((alive + (((up[0] == Up_BUILD) -> 1 : 0) + ((up[1] == Up_BUILD) -> 1 : 0))) < 3)
#define settled ((state == HotReloadState_ACTIVE) || (state == HotReloadState_ROLLED_BACK))
#define unheld(v) (((now_ < 0) || (code[0] != v) || (holders[0] == 0)) && ((now_ < 1) || (code[1] != v) || (holders[1] == 0)) && ((now_ < 2) || (code[2] != v) || (holders[2] == 0)) && ((now_ < 3) || (code[3] != v) || (holders[3] == 0)))

inline remember() {
  old_state = state;
  old_now = now_;
  old_code[0] = code[0]; old_code[1] = code[1]; old_code[2] = code[2]; old_code[3] = code[3];
  old_gate = gate;
  old_holders[0] = holders[0]; old_holders[1] = holders[1]; old_holders[2] = holders[2]; old_holders[3] = holders[3];
  old_life[0] = life[0]; old_life[1] = life[1];
  old_previous = previous;
  old_succeeded = succeeded;
  old_failed = failed;
  old_pc[0] = pc[0];
  old_epoch[0] = epoch[0];
}

inline forget() {
  old_state = 0;
  old_now = 0;
  old_code[0] = 0; old_code[1] = 0; old_code[2] = 0; old_code[3] = 0;
  old_gate = 0;
  old_holders[0] = 0; old_holders[1] = 0; old_holders[2] = 0; old_holders[3] = 0;
  old_life[0] = 0; old_life[1] = 0;
  old_previous = 0;
  old_succeeded = 0;
  old_failed = 0;
  old_pc[0] = 0;
  old_epoch[0] = 0;
}

inline a_call_starts_once_and_ends_once() {  /* transition, R1 */
  assert((((old_pc[0] == Pc_RUN) || (old_pc[0] == Pc_NESTED)) -> ((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED) || (pc[0] == Pc_IDLE) || (pc[0] == Pc_PEEK) || (pc[0] == Pc_LOOK)) : (((old_pc[0] == Pc_IDLE) || (old_pc[0] == Pc_PEEK) || (old_pc[0] == Pc_LOOK)) -> !((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) : (!((pc[0] == Pc_IDLE) || (pc[0] == Pc_PEEK) || (pc[0] == Pc_LOOK)) || (old_gate == Gate_SHUT)))));
}

inline a_call_starts_on_the_current_version() {  /* transition, T2, T3 */
  assert((pc[0] != Pc_RUN) || (old_pc[0] == Pc_RUN) || (old_pc[0] == Pc_NESTED) || (code[epoch[0]] == old_code[old_now]));
}

inline a_call_keeps_its_version() {  /* transition, R2 */
  assert(!((old_pc[0] == Pc_RUN) || (old_pc[0] == Pc_NESTED)) || !((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) || (code[epoch[0]] == old_code[old_epoch[0]]));
}

inline draining_opens_an_epoch() {  /* transition, D1 */
  assert((old_state == HotReloadState_DRAINING) || (state != HotReloadState_DRAINING) || (now_ == (old_now + 1)));
}

inline only_the_listed_transitions() {  /* transition, L1 */
  assert((state == old_state) || ((old_state == HotReloadState_ACTIVE) && (state == HotReloadState_PREPARING_UPGRADE)) || ((old_state == HotReloadState_PREPARING_UPGRADE) && ((state == HotReloadState_DRAINING) || (state == HotReloadState_ROLLED_BACK) || (state == HotReloadState_ACTIVE))) || ((old_state == HotReloadState_DRAINING) && ((state == HotReloadState_SWAPPING) || (state == HotReloadState_ROLLED_BACK))) || ((old_state == HotReloadState_SWAPPING) && ((state == HotReloadState_UPGRADE_COMPLETE) || (state == HotReloadState_ROLLED_BACK))) || ((old_state == HotReloadState_UPGRADE_COMPLETE) && settled) || ((old_state == HotReloadState_ROLLED_BACK) && ((state == HotReloadState_ACTIVE) || (state == HotReloadState_PREPARING_UPGRADE))));
}

inline only_a_swap_and_a_revert_change_the_version() {  /* transition, T1, B1 */
  assert((code[now_] == old_code[old_now]) || ((old_state == HotReloadState_SWAPPING) && (state == HotReloadState_UPGRADE_COMPLETE)) || ((old_state == HotReloadState_UPGRADE_COMPLETE) && (state == HotReloadState_ROLLED_BACK) && (code[now_] == old_previous)));
}

inline a_failed_handover_leaves_the_old_version_behind_an_open_gate() {  /* transition, H2 */
  assert((old_state != HotReloadState_SWAPPING) || (state != HotReloadState_ROLLED_BACK) || ((code[now_] == old_code[old_now]) && (gate == Gate_OPEN) && (life[code[now_]] == Life_LIVE)));
}

inline versions_go_back_by_a_revert_only() {  /* transition, T4 */
  assert((old_code[old_now] <= code[now_]) || ((old_state == HotReloadState_UPGRADE_COMPLETE) && (state == HotReloadState_ROLLED_BACK) && (now_ == (old_now + 1))));
}

inline a_retry_is_caused_by_a_publication() {  /* transition, V4 */
  assert((old_pc[0] != Pc_CONFIRM) || (pc[0] != Pc_RETRACT) || (old_epoch[0] < old_now));
}

inline a_publication_is_one_new_epoch() {  /* transition, V4 */
  assert((now_ == old_now) || (now_ == (old_now + 1)));
}

inline life_moves_forward() {  /* transition, M1, M3 */
  assert((life[0] == old_life[0]) || ((old_life[0] == Life_UNBORN) && (life[0] == Life_CANDIDATE)) || ((old_life[0] == Life_CANDIDATE) && ((life[0] == Life_LIVE) || (life[0] == Life_FREED))) || ((old_life[0] == Life_LIVE) && (life[0] == Life_RETIRED)) || ((old_life[0] == Life_RETIRED) && (life[0] == Life_FREED) && ((old_now < 0) || (old_code[0] != 0) || (old_holders[0] == 0)) && ((old_now < 1) || (old_code[1] != 0) || (old_holders[1] == 0)) && ((old_now < 2) || (old_code[2] != 0) || (old_holders[2] == 0)) && ((old_now < 3) || (old_code[3] != 0) || (old_holders[3] == 0))));
  assert((life[1] == old_life[1]) || ((old_life[1] == Life_UNBORN) && (life[1] == Life_CANDIDATE)) || ((old_life[1] == Life_CANDIDATE) && ((life[1] == Life_LIVE) || (life[1] == Life_FREED))) || ((old_life[1] == Life_LIVE) && (life[1] == Life_RETIRED)) || ((old_life[1] == Life_RETIRED) && (life[1] == Life_FREED) && ((old_now < 0) || (old_code[0] != 1) || (old_holders[0] == 0)) && ((old_now < 1) || (old_code[1] != 1) || (old_holders[1] == 0)) && ((old_now < 2) || (old_code[2] != 1) || (old_holders[2] == 0)) && ((old_now < 3) || (old_code[3] != 1) || (old_holders[3] == 0))));
}

inline each_upgrade_is_counted_once() {  /* transition, B2, S1 */
  assert((((old_state != HotReloadState_ROLLED_BACK) && (state == HotReloadState_ROLLED_BACK)) -> ((failed == (old_failed + 1)) && (succeeded == old_succeeded)) : (((old_state == HotReloadState_UPGRADE_COMPLETE) && (state == HotReloadState_ACTIVE)) -> ((succeeded == (old_succeeded + 1)) && (failed == old_failed)) : ((failed == old_failed) && (succeeded == old_succeeded)))));
}

#define Thread_may_id _pid
active [1] proctype Thread_may() {
  do
  :: /* invoke, which may be put off for ever */
     d_step {
       (pc[Thread_may_id] == Pc_IDLE) ->
       remember();
       pc[Thread_may_id] = Pc_READ;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* nest, which may be put off for ever */
     d_step {
       may_nest &&
       (pc[Thread_may_id] == Pc_RUN) ->
       remember();
       pc[Thread_may_id] = Pc_NESTED;
       inner[Thread_may_id] = epoch[Thread_may_id];
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
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
       remember();
       if
       :: gate == Gate_SHUT ->
          pc[Thread_id] = Pc_IDLE;
       :: else ->
          pc[Thread_id] = Pc_ANNOUNCE;
          epoch[Thread_id] = now_;
       fi;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* announce */
     d_step {
       (pc[Thread_id] == Pc_ANNOUNCE) ->
       remember();
       holders[epoch[Thread_id]] = holders[epoch[Thread_id]] + 1;
       pc[Thread_id] = Pc_CONFIRM;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* confirm */
     d_step {
       (pc[Thread_id] == Pc_CONFIRM) ->
       assert((epoch[Thread_id] != now_) || (life[code[epoch[Thread_id]]] == Life_LIVE));  /* R5: a call starts on a version that is initialised */
       remember();
       if
       :: epoch[Thread_id] == now_ ->
          pc[Thread_id] = Pc_RUN;
       :: else ->
          pc[Thread_id] = Pc_RETRACT;
       fi;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* retract */
     d_step {
       (pc[Thread_id] == Pc_RETRACT) ->
       remember();
       holders[epoch[Thread_id]] = holders[epoch[Thread_id]] - 1;
       pc[Thread_id] = Pc_LOOK_AGAIN;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* unnest */
     d_step {
       (pc[Thread_id] == Pc_NESTED) ->
       remember();
       pc[Thread_id] = Pc_RUN;
       inner[Thread_id] = 0;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* finish */
     d_step {
       (pc[Thread_id] == Pc_RUN) ->
       remember();
       holders[epoch[Thread_id]] = holders[epoch[Thread_id]] - 1;
       pc[Thread_id] = Pc_PEEK;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* peek */
     d_step {
       (pc[Thread_id] == Pc_PEEK) ->
       remember();
       if
       :: epoch[Thread_id] == now_ ->
          pc[Thread_id] = Pc_IDLE;
          epoch[Thread_id] = 0;
       :: else ->
          pc[Thread_id] = Pc_LOOK;
       fi;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_retry_is_caused_by_a_publication();
       forget();
     }
  :: /* look */
     d_step {
       ((pc[Thread_id] == Pc_LOOK) || (pc[Thread_id] == Pc_LOOK_AGAIN)) ->
       assert((life[code[epoch[Thread_id]]] != Life_RETIRED) || !unheld(code[epoch[Thread_id]]) || (code[epoch[Thread_id]] != code[now_]) || (gate == Gate_SHUT));  /* M2: the current version is never freed */
       assert((life[code[epoch[Thread_id]]] != Life_RETIRED) || !unheld(code[epoch[Thread_id]]) || nobody_runs(code[epoch[Thread_id]]));  /* R3: no running call loses its version */
       remember();
       pc[Thread_id] = ((pc[Thread_id] == Pc_LOOK) -> Pc_IDLE : Pc_READ);
       woken[0] = woken[0] || (up[0] == Up_WAIT) || (up[0] == Up_UNDO_WAIT);
       woken[1] = woken[1] || (up[1] == Up_WAIT) || (up[1] == Up_UNDO_WAIT);
       if
       :: (life[code[epoch[Thread_id]]] == Life_RETIRED) && unheld(code[epoch[Thread_id]]) ->
          life[code[epoch[Thread_id]]] = Life_FREED;
       :: else ->
          skip
       fi;
       epoch[Thread_id] = 0;
       a_call_starts_once_and_ends_once();
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       a_retry_is_caused_by_a_publication();
       life_moves_forward();
       forget();
     }
  od
}

#define Upgrader_may_id (_pid - 2)
active [2] proctype Upgrader_may() {
  do
  :: /* prepare_upgrade, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       settled &&
       (gate != Gate_SHUT) &&
       room ->
       remember();
       state = HotReloadState_PREPARING_UPGRADE;
       up[Upgrader_may_id] = Up_BUILD;
       ticket[Upgrader_may_id] = true;
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* drain_in_flight, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       (state == HotReloadState_PREPARING_UPGRADE) &&
       (pending != 0) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) ->
       remember();
       state = HotReloadState_DRAINING;
       code[now_ + 1] = code[now_];
       now_ = now_ + 1;
       gate = Gate_OPEN;
       up[Upgrader_may_id] = Up_SCAN;
       mine[Upgrader_may_id] = pending;
       pending = 0;
       ticket[Upgrader_may_id] = true;
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       a_publication_is_one_new_epoch();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* interrupted, which may be put off for ever */
     d_step {
       ((up[Upgrader_may_id] == Up_SCAN) || (up[Upgrader_may_id] == Up_WAIT) || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP)) &&
       (!(ticket[Upgrader_may_id] || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP)) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) &&
       (!(ticket[Upgrader_may_id] || (up[Upgrader_may_id] == Up_HANDOVER) || (up[Upgrader_may_id] == Up_SWAP)) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))) ->
       remember();
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
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       a_publication_is_one_new_epoch();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* cancel_upgrade, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       ((state == HotReloadState_PREPARING_UPGRADE) || (state == HotReloadState_DRAINING)) &&
       ((state != HotReloadState_DRAINING) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) &&
       ((state != HotReloadState_DRAINING) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))) ->
       remember();
       ticket[0] = false;
       ticket[1] = false;
       if
       :: state == HotReloadState_DRAINING ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
          woken[0] = woken[0] || (up[0] == Up_WAIT);
          woken[1] = woken[1] || (up[1] == Up_WAIT);
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
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       a_publication_is_one_new_epoch();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* unregister, which may be put off for ever */
     d_step {
       (up[Upgrader_may_id] == Up_IDLE) &&
       settled &&
       (gate != Gate_SHUT) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) ->
       remember();
       gate = Gate_SHUT;
       life[code[now_]] = Life_RETIRED;
       previous = 0;
       probation = false;
       up[Upgrader_may_id] = Up_LOOK;
       mine[Upgrader_may_id] = code[now_];
       code[now_ + 1] = code[now_];
       now_ = now_ + 1;
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       draining_opens_an_epoch();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       a_publication_is_one_new_epoch();
       life_moves_forward();
       forget();
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#define Upgrader_id (_pid - 4)
active [2] proctype Upgrader() {
  do
  :: /* build_fails */
     d_step {
       (up[Upgrader_id] == Up_BUILD) &&
       (!ticket[Upgrader_id] || ((0 <= (failed + 1)) && ((failed + 1) < 2))) ->
       remember();
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
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* build */
     d_step {
       (up[Upgrader_id] == Up_BUILD) &&
       (0 <= (newest + 1)) &&
       ((newest + 1) < 2) ->
       remember();
       life[newest + 1] = Life_CANDIDATE;
       up[Upgrader_id] = Up_INIT;
       mine[Upgrader_id] = newest + 1;
       newest = newest + 1;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  :: /* init_fails */
     d_step {
       (up[Upgrader_id] == Up_INIT) &&
       (!ticket[Upgrader_id] || ((0 <= (failed + 1)) && ((failed + 1) < 2))) ->
       remember();
       up[Upgrader_id] = Up_DISCARD;
       if
       :: ticket[Upgrader_id] ->
          state = HotReloadState_ROLLED_BACK;
          failed = failed + 1;
          ticket[Upgrader_id] = false;
       :: else ->
          skip
       fi;
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
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
       remember();
       woken[Upgrader_id] = false;
       if
       :: ticket[Upgrader_id] ->
          state = HotReloadState_SWAPPING;
          up[Upgrader_id] = Up_SWAP;
          ticket[Upgrader_id] = false;
       :: else ->
          up[Upgrader_id] = Up_DISCARD;
       fi;
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* atomic_swap */
     d_step {
       (up[Upgrader_id] == Up_SWAP) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) ->
       remember();
       state = HotReloadState_UPGRADE_COMPLETE;
       gate = Gate_OPEN;
       life[mine[Upgrader_id]] = Life_LIVE;
       previous = code[now_];
       code[now_ + 1] = mine[Upgrader_id];
       now_ = now_ + 1;
       up[Upgrader_id] = Up_DECIDE;
       mine[Upgrader_id] = 0;
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       a_publication_is_one_new_epoch();
       life_moves_forward();
       each_upgrade_is_counted_once();
       forget();
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
       remember();
       state = HotReloadState_ACTIVE;
       life[previous] = Life_RETIRED;
       probation = false;
       succeeded = succeeded + 1;
       up[Upgrader_id] = Up_LOOK;
       mine[Upgrader_id] = previous;
       previous = 0;
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       life_moves_forward();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* revert */
     d_step {
       may_decide(Upgrader_id) &&
       (0 <= (now_ + 1)) &&
       ((now_ + 1) < 4) &&
       (0 <= (failed + 1)) &&
       ((failed + 1) < 2) ->
       remember();
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
       a_call_starts_on_the_current_version();
       a_call_keeps_its_version();
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       a_publication_is_one_new_epoch();
       life_moves_forward();
       each_upgrade_is_counted_once();
       forget();
     }
  :: /* cleanup_old */
     d_step {
       (up[Upgrader_id] == Up_LOOK) ->
       assert((life[mine[Upgrader_id]] != Life_RETIRED) || !unheld(mine[Upgrader_id]) || (mine[Upgrader_id] != code[now_]) || (gate == Gate_SHUT));  /* M2: the current version is never freed */
       assert((life[mine[Upgrader_id]] != Life_RETIRED) || !unheld(mine[Upgrader_id]) || nobody_runs(mine[Upgrader_id]));  /* R3: no running call loses its version */
       remember();
       up[Upgrader_id] = Up_IDLE;
       ticket[Upgrader_id] = false;
       if
       :: (life[mine[Upgrader_id]] == Life_RETIRED) && unheld(mine[Upgrader_id]) ->
          life[mine[Upgrader_id]] = Life_FREED;
       :: else ->
          skip
       fi;
       mine[Upgrader_id] = 0;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  :: /* discard */
     d_step {
       (up[Upgrader_id] == Up_DISCARD) ->
       assert(life[mine[Upgrader_id]] == Life_CANDIDATE);  /* M4: a candidate that never became current is freed exactly once */
       remember();
       life[mine[Upgrader_id]] = Life_FREED;
       up[Upgrader_id] = Up_IDLE;
       mine[Upgrader_id] = 0;
       ticket[Upgrader_id] = false;
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       life_moves_forward();
       forget();
     }
  od
}

active [1] proctype Environment_may() {
  do
  :: /* acknowledge, which may be put off for ever */
     d_step {
       (state == HotReloadState_ROLLED_BACK) &&
       (gate != Gate_SHUT) ->
       remember();
       state = HotReloadState_ACTIVE;
       draining_opens_an_epoch();
       only_the_listed_transitions();
       only_a_swap_and_a_revert_change_the_version();
       a_failed_handover_leaves_the_old_version_behind_an_open_gate();
       versions_go_back_by_a_revert_only();
       each_upgrade_is_counted_once();
       forget();
     }
#ifdef LIVENESS
  :: d_step { true -> skip }  /* nothing here ever has to happen */
#endif
  od
}

#ifndef LIVENESS
active proctype Monitor() {
  do
  :: /* a_running_call_has_its_version: invariant, R3, R5 */
     d_step { !((!((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) || (life[code[epoch[0]]] == Life_LIVE) || (life[code[epoch[0]]] == Life_RETIRED))) -> assert(false) }
  :: /* a_nested_call_runs_on_the_version_of_the_outer_one: invariant, R4 */
     d_step { !(((pc[0] != Pc_NESTED) || (code[inner[0]] == code[epoch[0]]))) -> assert(false) }
  :: /* the_current_version_is_live: invariant, M2 */
     d_step { !(((gate == Gate_SHUT) || (life[code[now_]] == Life_LIVE))) -> assert(false) }
  :: /* what_a_revert_would_bring_back_is_live: invariant, M2 */
     d_step { !(((state != HotReloadState_UPGRADE_COMPLETE) || ((life[previous] == Life_LIVE) && (previous != code[now_])))) -> assert(false) }
  :: /* state_is_handed_over_when_no_call_runs: invariant, H1 */
     d_step { !(((up[0] != Up_HANDOVER) || !((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED))) && ((up[1] != Up_HANDOVER) || !((pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)))) -> assert(false) }
  :: /* the_gate_is_closed_for_a_drain_only: invariant, D5 */
     d_step { !(gate != Gate_HELD) -> assert(false) }
  :: /* few_versions_are_alive: invariant, M7 */
     d_step { !(alive <= 3) -> assert(false) }
  :: /* nothing_leaks: theorem, M5 */
     d_step { !((!((pc[0] == Pc_IDLE) || (pc[0] == Pc_READ) || (pc[0] == Pc_ANNOUNCE)) || !((up[0] == Up_IDLE) && (up[1] == Up_IDLE)) || (life[0] != Life_RETIRED)) && (!((pc[0] == Pc_IDLE) || (pc[0] == Pc_READ) || (pc[0] == Pc_ANNOUNCE)) || !((up[0] == Up_IDLE) && (up[1] == Up_IDLE)) || (life[1] != Life_RETIRED))) -> assert(false) }
  :: /* no_candidate_is_left_behind: theorem, M4, B1 */
     d_step { !((!settled || !((up[0] == Up_IDLE) && (up[1] == Up_IDLE)) || (life[0] != Life_CANDIDATE)) && (!settled || !((up[0] == Up_IDLE) && (up[1] == Up_IDLE)) || (life[1] != Life_CANDIDATE))) -> assert(false) }
  :: /* after_a_failure_nothing_is_in_the_way: invariant, B3 */
     d_step { !(((state != HotReloadState_ROLLED_BACK) || (gate == Gate_SHUT) || ((gate == Gate_OPEN) && (pending == 0) && (previous == 0) && ((up[0] == Up_IDLE) || (up[0] == Up_BUILD) || (up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_DISCARD) || (up[0] == Up_LOOK)) && ((up[1] == Up_IDLE) || (up[1] == Up_BUILD) || (up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_DISCARD) || (up[1] == Up_LOOK)) && !ticket[0] && !ticket[1]))) -> assert(false) }
  :: /* holders_are_counted: invariant, M1, R3 */
     d_step { !((holders[0] == ((((pc[0] == Pc_CONFIRM) || (pc[0] == Pc_RETRACT) || (pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) && (epoch[0] == 0)) -> 1 : 0)) && (holders[1] == ((((pc[0] == Pc_CONFIRM) || (pc[0] == Pc_RETRACT) || (pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) && (epoch[0] == 1)) -> 1 : 0)) && (holders[2] == ((((pc[0] == Pc_CONFIRM) || (pc[0] == Pc_RETRACT) || (pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) && (epoch[0] == 2)) -> 1 : 0)) && (holders[3] == ((((pc[0] == Pc_CONFIRM) || (pc[0] == Pc_RETRACT) || (pc[0] == Pc_RUN) || (pc[0] == Pc_NESTED)) && (epoch[0] == 3)) -> 1 : 0))) -> assert(false) }
  :: /* callers_hold_published_records: invariant, part of the argument */
     d_step { !(epoch[0] <= now_ && inner[0] <= now_) -> assert(false) }
  :: /* a_freed_version_has_no_call: invariant, M1, M3 */
     d_step { !(((life[0] != Life_FREED) || nobody_runs(0)) && ((life[1] != Life_FREED) || nobody_runs(1))) -> assert(false) }
  :: /* behind_a_closed_gate_nobody_starts: invariant, D3, D5 */
     d_step { !(((gate == Gate_OPEN) || (epoch[0] < now_))) -> assert(false) }
  :: /* unborn_means_beyond_the_newest: invariant, part of the argument */
     d_step { !((life[0] == Life_UNBORN) == (newest < 0) && (life[1] == Life_UNBORN) == (newest < 1)) -> assert(false) }
  :: /* what_is_to_be_published_or_discarded_is_a_candidate: invariant, M4 */
     d_step { !((!((up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DISCARD)) || ((life[mine[0]] == Life_CANDIDATE) && (mine[0] != pending))) && (!((up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DISCARD)) || ((life[mine[1]] == Life_CANDIDATE) && (mine[1] != pending)))) -> assert(false) }
  :: /* a_candidate_belongs_to_one_upgrade: invariant, M4 */
     d_step { !((!((up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DISCARD)) || (mine[0] != mine[1])) && (!((up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DISCARD)) || (mine[1] != mine[0]))) -> assert(false) }
  :: /* what_is_pending_is_a_candidate: invariant, M4 */
     d_step { !(((pending == 0) || ((life[pending] == Life_CANDIDATE) && (state == HotReloadState_PREPARING_UPGRADE)))) -> assert(false) }
  :: /* zero_means_none: invariant, part of the argument */
     d_step { !(life[0] != Life_CANDIDATE) -> assert(false) }
  :: /* who_has_no_candidate_has_nothing_or_what_is_retired: invariant, M3 */
     d_step { !(((up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DISCARD) || ((up[0] == Up_LOOK) -> ((life[mine[0]] == Life_RETIRED) || (life[mine[0]] == Life_FREED)) : (mine[0] == 0))) && ((up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DISCARD) || ((up[1] == Up_LOOK) -> ((life[mine[1]] == Life_RETIRED) || (life[mine[1]] == Life_FREED)) : (mine[1] == 0)))) -> assert(false) }
  :: /* what_will_be_published_is_newer: invariant, T4 */
     d_step { !(((pending == 0) || (code[now_] < pending)) && (!((up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (ticket[0] && ((up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT)))) || (code[now_] < mine[0])) && (!((up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (ticket[1] && ((up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT)))) || (code[now_] < mine[1]))) -> assert(false) }
  :: /* those_under_construction_have_room: invariant, M7 */
     d_step { !(((alive + (((up[0] == Up_BUILD) -> 1 : 0) + ((up[1] == Up_BUILD) -> 1 : 0))) <= 3)) -> assert(false) }
  :: /* one_attempt_at_a_time: invariant, L2 */
     d_step { !((!(ticket[0] || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DECIDE) || (up[0] == Up_UNDO_SCAN) || (up[0] == Up_UNDO_WAIT)) || !(ticket[1] || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DECIDE) || (up[1] == Up_UNDO_SCAN) || (up[1] == Up_UNDO_WAIT))) && (!(ticket[1] || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DECIDE) || (up[1] == Up_UNDO_SCAN) || (up[1] == Up_UNDO_WAIT)) || !(ticket[0] || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DECIDE) || (up[0] == Up_UNDO_SCAN) || (up[0] == Up_UNDO_WAIT)))) -> assert(false) }
  :: /* what_waits_for_a_decision_is_in_nobodys_hands: invariant, L2 */
     d_step { !((!((pending != 0) || probation) || (!(ticket[0] || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DECIDE) || (up[0] == Up_UNDO_SCAN) || (up[0] == Up_UNDO_WAIT)) && !(ticket[1] || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DECIDE) || (up[1] == Up_UNDO_SCAN) || (up[1] == Up_UNDO_WAIT))))) -> assert(false) }
  :: /* the_state_tells_where_the_upgrade_is: invariant, L1, L5 */
     d_step { !(((ticket[0] -> (((state == HotReloadState_PREPARING_UPGRADE) && (pending == 0) && ((up[0] == Up_BUILD) || (up[0] == Up_INIT))) || ((state == HotReloadState_DRAINING) && ((up[0] == Up_SCAN) || (up[0] == Up_WAIT)))) : (((up[0] == Up_HANDOVER) || (up[0] == Up_SWAP)) -> (state == HotReloadState_SWAPPING) : (!((up[0] == Up_DECIDE) || (up[0] == Up_UNDO_SCAN) || (up[0] == Up_UNDO_WAIT)) || (state == HotReloadState_UPGRADE_COMPLETE))))) && ((ticket[1] -> (((state == HotReloadState_PREPARING_UPGRADE) && (pending == 0) && ((up[1] == Up_BUILD) || (up[1] == Up_INIT))) || ((state == HotReloadState_DRAINING) && ((up[1] == Up_SCAN) || (up[1] == Up_WAIT)))) : (((up[1] == Up_HANDOVER) || (up[1] == Up_SWAP)) -> (state == HotReloadState_SWAPPING) : (!((up[1] == Up_DECIDE) || (up[1] == Up_UNDO_SCAN) || (up[1] == Up_UNDO_WAIT)) || (state == HotReloadState_UPGRADE_COMPLETE)))))) -> assert(false) }
  :: /* an_upgrade_under_way_is_somebodys: invariant, L4 */
     d_step { !((settled || ((state == HotReloadState_PREPARING_UPGRADE) && (pending != 0)) || ((state == HotReloadState_UPGRADE_COMPLETE) && probation) || ticket[0] || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DECIDE) || (up[0] == Up_UNDO_SCAN) || (up[0] == Up_UNDO_WAIT) || ticket[1] || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DECIDE) || (up[1] == Up_UNDO_SCAN) || (up[1] == Up_UNDO_WAIT))) -> assert(false) }
  :: /* no_probation_means_no_way_back: invariant, B1, L2 */
     d_step { !((!((previous != 0) || probation) || (state == HotReloadState_UPGRADE_COMPLETE))) -> assert(false) }
  :: /* out_of_service_is_for_good: invariant, G2 */
     d_step { !(((gate != Gate_SHUT) || settled)) -> assert(false) }
  :: /* only_hold_hands_over_and_drains_for_a_revert: invariant, D5, H1 */
     d_step { !((!((up[0] == Up_HANDOVER) || (up[0] == Up_UNDO_SCAN) || (up[0] == Up_UNDO_WAIT))) && (!((up[1] == Up_HANDOVER) || (up[1] == Up_UNDO_SCAN) || (up[1] == Up_UNDO_WAIT)))) -> assert(false) }
  :: /* who_need_not_wait_is_woken: invariant, V1, V2 */
     d_step { !(((up[0] != Up_WAIT) || woken[0]) && ((up[1] != Up_WAIT) || woken[1])) -> assert(false) }
  :: /* a_drain_that_has_ended_is_noticed: invariant, V1 */
     d_step { !((!((up[0] == Up_WAIT) || (up[0] == Up_UNDO_WAIT)) || woken[0] || ((epoch[0] < now_) && !((pc[0] == Pc_IDLE) || (pc[0] == Pc_READ) || (pc[0] == Pc_ANNOUNCE)))) && (!((up[1] == Up_WAIT) || (up[1] == Up_UNDO_WAIT)) || woken[1] || ((epoch[0] < now_) && !((pc[0] == Pc_IDLE) || (pc[0] == Pc_READ) || (pc[0] == Pc_ANNOUNCE))))) -> assert(false) }
  :: /* somebody_cleans_up: invariant, M5 */
     d_step { !(((life[0] != Life_RETIRED) || ((code[epoch[0]] == 0) && !((pc[0] == Pc_IDLE) || (pc[0] == Pc_READ) || (pc[0] == Pc_ANNOUNCE))) || ((mine[0] == 0) && (up[0] == Up_LOOK)) || ((mine[1] == 0) && (up[1] == Up_LOOK))) && ((life[1] != Life_RETIRED) || ((code[epoch[0]] == 1) && !((pc[0] == Pc_IDLE) || (pc[0] == Pc_READ) || (pc[0] == Pc_ANNOUNCE))) || ((mine[0] == 1) && (up[0] == Up_LOOK)) || ((mine[1] == 1) && (up[1] == Up_LOOK)))) -> assert(false) }
  :: /* no_candidate_is_forgotten: invariant, M4 */
     d_step { !(((life[0] != Life_CANDIDATE) || (pending == 0) || ((mine[0] == 0) && ((up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DISCARD))) || ((mine[1] == 0) && ((up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DISCARD)))) && ((life[1] != Life_CANDIDATE) || (pending == 1) || ((mine[0] == 1) && ((up[0] == Up_INIT) || (up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP) || (up[0] == Up_DISCARD))) || ((mine[1] == 1) && ((up[1] == Up_INIT) || (up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP) || (up[1] == Up_DISCARD))))) -> assert(false) }
  od
}
#endif

#ifdef LIVENESS
active proctype Calm() { d_step { !calm -> calm = true } }
#define edge_of_scope (((up[0] == Up_BUILD) && !(!ticket[0] || ((0 <= (failed + 1)) && ((failed + 1) < 2)))) || ((up[1] == Up_BUILD) && !(!ticket[1] || ((0 <= (failed + 1)) && ((failed + 1) < 2)))) || ((up[0] == Up_BUILD) && !((0 <= (newest + 1)) && ((newest + 1) < 2))) || ((up[1] == Up_BUILD) && !((0 <= (newest + 1)) && ((newest + 1) < 2))) || ((up[0] == Up_INIT) && !(!ticket[0] || ((0 <= (failed + 1)) && ((failed + 1) < 2)))) || ((up[1] == Up_INIT) && !(!ticket[1] || ((0 <= (failed + 1)) && ((failed + 1) < 2)))) || ((up[0] == Up_IDLE) && (state == HotReloadState_PREPARING_UPGRADE) && (pending != 0) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4))) || ((up[1] == Up_IDLE) && (state == HotReloadState_PREPARING_UPGRADE) && (pending != 0) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4))) || (((up[0] == Up_SCAN) || (up[0] == Up_WAIT) || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP)) && !((!(ticket[0] || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP)) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) && (!(ticket[0] || (up[0] == Up_HANDOVER) || (up[0] == Up_SWAP)) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))))) || (((up[1] == Up_SCAN) || (up[1] == Up_WAIT) || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP)) && !((!(ticket[1] || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP)) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) && (!(ticket[1] || (up[1] == Up_HANDOVER) || (up[1] == Up_SWAP)) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))))) || ((up[0] == Up_SWAP) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4))) || ((up[1] == Up_SWAP) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4))) || (((up[0] == Up_DECIDE) || ((up[0] == Up_IDLE) && probation)) && !((0 <= (succeeded + 1)) && ((succeeded + 1) < 2))) || (((up[1] == Up_DECIDE) || ((up[1] == Up_IDLE) && probation)) && !((0 <= (succeeded + 1)) && ((succeeded + 1) < 2))) || (((up[0] == Up_DECIDE) || ((up[0] == Up_IDLE) && probation)) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4) && (0 <= (failed + 1)) && ((failed + 1) < 2))) || (((up[1] == Up_DECIDE) || ((up[1] == Up_IDLE) && probation)) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4) && (0 <= (failed + 1)) && ((failed + 1) < 2))) || ((up[0] == Up_IDLE) && ((state == HotReloadState_PREPARING_UPGRADE) || (state == HotReloadState_DRAINING)) && !(((state != HotReloadState_DRAINING) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) && ((state != HotReloadState_DRAINING) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))))) || ((up[1] == Up_IDLE) && ((state == HotReloadState_PREPARING_UPGRADE) || (state == HotReloadState_DRAINING)) && !(((state != HotReloadState_DRAINING) || ((0 <= (failed + 1)) && ((failed + 1) < 2))) && ((state != HotReloadState_DRAINING) || (gate != Gate_HELD) || ((0 <= (now_ + 1)) && ((now_ + 1) < 4))))) || ((up[0] == Up_IDLE) && settled && (gate != Gate_SHUT) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4))) || ((up[1] == Up_IDLE) && settled && (gate != Gate_SHUT) && !((0 <= (now_ + 1)) && ((now_ + 1) < 4))))
#define at_rest (up[0] == Up_IDLE)
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
