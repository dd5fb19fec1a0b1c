/* The fleet protocol: switchgear/redis/fleet_scripts.cpp (the store) and fleet_circuit.cpp (a member), with three
   members. A message is delivered late, twice or never, as a reply is. At some moment a member crashes and comes
   back knowing nothing, as itself: its vote replaces the one before. Or the store is flushed, or fails over to a replica that lags an epoch behind. Time is not
   modelled: a vote or a lease may end, and an opening be over, at any moment. Each script is one step, as it is in
   Redis. */
#define MEMBERS 3
#define MESSAGES 1
#define TOP 2       /* epochs beyond it are not followed */
#define FENCES 2
#define FAULTS 1    /* flushes, failovers and crashes together */

#define NONE 0 /* says nothing: then it only hears */
#define YES 1 /* a vote against only makes opening harder: left out */

#define VOTE 1
#define PROBE_OK 2
#define PROBE_FAILED 3

#ifdef MUTANT_ANY_FENCE
#define FENCE_COUNTS true
#else
#define FENCE_COUNTS (store.held == message[m].fence)
#endif

typedef Store {
  bool there;
  byte incarnation;
  byte epoch;
  bool open;
  byte vote[MEMBERS];
  bool late[MEMBERS];    /* its member had not seen the epoch: for the assertions alone */
#ifdef MUTANT_RESTARTED_MEMBER_VOTES_TWICE
  byte stray;            /* votes of members that have crashed */
#endif
  byte fence;
  byte held              /* the fence of the lease; 0: nobody's */
}
typedef Member {
  byte epoch;            /* the highest seen */
  byte incarnation;
  bool open;
  byte lease;            /* the fence, 0: none */
  byte lease_epoch;
  byte lease_incarnation
}
typedef Message {
  byte kind;             /* 0: the place is empty */
  byte from;
  byte floor;
  byte value;            /* of a vote */
  byte incarnation, epoch, fence /* of a probe's result */
}
typedef Reply {
  bool there;
  byte incarnation, epoch;
  bool open
}

Store store;
Member member[MEMBERS];
Message message[MESSAGES];
Reply reply; /* the last one of the store, on its way to anyone: a view is the same for all */
byte incarnations = 0, faults = 0;
byte i, m, yes, who;

inline forget_votes() {
  store.vote[0] = NONE; store.vote[1] = NONE; store.vote[2] = NONE;
  store.late[0] = false; store.late[1] = false; store.late[2] = false
}

/* ensure() of the scripts. */
inline ensure(floor_) {
  if
  :: !store.there || store.epoch < floor_ ->
    incarnations++;
    if :: store.there && store.epoch > floor_ -> skip :: else -> store.epoch = floor_ fi;
    store.there = true; store.incarnation = incarnations; store.open = false; store.held = 0;
    forget_votes()
  :: else
  fi
}

inline answer() {
  reply.there = true; reply.incarnation = store.incarnation;
  reply.epoch = store.epoch; reply.open = store.open
}

inline count_votes() {
  yes = (store.vote[0] == YES) + (store.vote[1] == YES) + (store.vote[2] == YES);
#ifdef MUTANT_RESTARTED_MEMBER_VOTES_TWICE
  if :: !store.open && yes + store.stray >= 2 && store.epoch < TOP ->
#elif defined(MUTANT_ONE_VOTE_IS_ENOUGH)
  if :: !store.open && yes >= 1 && store.epoch < TOP ->
#else
  if :: !store.open && yes >= 2 && store.epoch < TOP ->
#endif
    assert(yes >= 2); /* I2 */
    /* No vote from before the current epoch opens: a recovery stands until members have seen it. */
    assert(!store.late[0]);
    assert(!store.late[1]);
    assert(!store.late[2]);
    store.open = true; store.epoch++; store.held = 0
  :: else
  fi
}

inline run_vote() {
  ensure(message[m].floor);
  who = message[m].from;
  store.vote[who] = message[m].value;
#ifndef MUTANT_LATE_VOTES_COUNT
  if :: store.vote[who] == YES && message[m].floor < store.epoch -> store.vote[who] = NONE :: else fi;
#endif
  if :: store.vote[who] == YES -> store.late[who] = message[m].floor < store.epoch; count_votes() :: else -> store.late[who] = false fi
}

inline run_result() {
  ensure(message[m].floor);
  if
  :: store.incarnation == message[m].incarnation && store.epoch == message[m].epoch && store.open &&
     FENCE_COUNTS && store.held != 0 && store.epoch < TOP ->
    assert(store.held == message[m].fence); /* I5: only the lease that is held decides */
    store.held = 0; store.epoch++;
    if :: message[m].kind == PROBE_OK -> store.open = false; forget_votes() :: else fi
  :: else
  fi
}

inline deliver() {
  if
  :: message[m].kind == VOTE -> run_vote()
  :: else -> run_result()
  fi;
  answer();
  who = 0; yes = 0
}

/* FleetCircuit::on_view(). */
inline see() {
  if
#ifdef MUTANT_ANY_EPOCH
  :: true ->
#else
  :: reply.epoch >= member[i].epoch ->
#endif
    assert(reply.epoch >= member[i].epoch); /* I3 */
    if
    :: reply.epoch != member[i].epoch || reply.incarnation != member[i].incarnation ->
      member[i].lease = 0; member[i].lease_epoch = 0; member[i].lease_incarnation = 0
    :: else
    fi;
    member[i].epoch = reply.epoch; member[i].incarnation = reply.incarnation; member[i].open = reply.open
  :: else
  fi
}

/* acquire_probe. That its reply is lost is the same as that the member's lease ends at once. */
inline acquire() {
  if
  :: store.there && store.open && store.incarnation == member[i].incarnation && store.epoch == member[i].epoch &&
     store.held == 0 && store.fence < FENCES ->
    store.fence++; store.held = store.fence;
    member[i].lease = store.fence; member[i].lease_epoch = member[i].epoch;
    member[i].lease_incarnation = member[i].incarnation
  :: else
  fi
}

inline say(kind_, value_) {
  message[m].kind = kind_; message[m].from = i; message[m].floor = member[i].epoch; message[m].value = value_;
  if
  :: kind_ == PROBE_OK || kind_ == PROBE_FAILED ->
    message[m].incarnation = member[i].lease_incarnation; message[m].epoch = member[i].lease_epoch;
    message[m].fence = member[i].lease
  :: else -> message[m].incarnation = 0; message[m].epoch = 0; message[m].fence = 0
  fi
}

inline pick() {
  if :: i = 0 :: i = 1 :: i = 2 fi;
  m = 0
}

active proctype world() {
  do
  :: atomic {
    pick();
    if
    :: say(VOTE, YES)
    :: say(VOTE, NONE)
    :: member[i].lease != 0 -> say(PROBE_OK, NONE)
    :: member[i].lease != 0 -> say(PROBE_FAILED, NONE)
    :: message[m].kind != 0 -> deliver()              /* and stays: it may come again */
    :: reply.there -> see()                        /* likewise */
    :: member[i].open -> acquire()
    :: store.vote[i] != NONE -> store.vote[i] = NONE; store.late[i] = false  /* the vote has expired */
    :: store.held != 0 -> store.held = 0                                    /* the lease has */
    :: faults < FAULTS && store.there ->
      faults++;
      store.there = false; store.incarnation = 0; store.epoch = 0; store.open = false; store.fence = 0; store.held = 0;
      forget_votes()
    :: faults < FAULTS && store.there && store.epoch > 0 ->  /* a replica that lags, with whatever it has */
      faults++;
      store.epoch--; store.held = 0; forget_votes();
      if :: store.open = true :: store.open = false fi
    :: faults < FAULTS ->
      faults++;
#ifdef MUTANT_RESTARTED_MEMBER_VOTES_TWICE
      if :: store.vote[i] == YES -> store.stray = 1; store.vote[i] = NONE :: else fi;
#endif
      member[i].epoch = 0; member[i].incarnation = 0; member[i].open = false;
      member[i].lease = 0; member[i].lease_epoch = 0; member[i].lease_incarnation = 0
    fi;
    i = 0; m = 0
  }
  od
}
