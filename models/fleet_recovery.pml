/* How a circuit that is open in a fleet closes again: the votes and the lease of switchgear/redis/fleet_scripts.cpp (S7),
   and what a member tells and asks (FleetCircuit::report_on, wants_probe). Three members, of which some have calls to
   make and others none. The dependency is down, then back for good. Meanwhile the members may lose the store, so that
   each decides alone and its vote lapses, an operator may reset them, and calls may come and go. Each script is one step, as it is in Redis;
   a member's turn is two: a call, and its report. Time is not modelled: an opening may be over, and a vote or a lease end, at any
   turn of their member's, and the grace before a closing is left out. */
#define MEMBERS 3
#define EVENTS 3
#define OPENINGS 2 /* of the fleet: later ones are not followed */

#define ABSTAINS 0
#define DOWN 1
#define WORKS 2
#define WAITS 3
#define LAPSED 4

#define CLOSED 0
#define OPEN 1

typedef Member {
  bit state;        /* of its own breaker */
  bool evidence;    /* it has made calls lately, and is closed: they went well */
  bool refused;     /* it has refused a call lately */
  bool calls        /* it has calls to make */
}

Member member[MEMBERS];
byte vote[MEMBERS];
bool up = false, cut = false, fleet_open = false;
byte openings = 0, down, works, waits;

inline count() {
  down = (vote[0] == DOWN) + (vote[1] == DOWN) + (vote[2] == DOWN);
  works = (vote[0] == WORKS) + (vote[1] == WORKS) + (vote[2] == WORKS);
  waits = (vote[0] == WAITS) + (vote[1] == WAITS) + (vote[2] == WAITS)
}

/* A call, if there is one: through the breaker, which the fleet advises while the store is there. */
inline call(i) {
  if
  :: !member[i].calls -> member[i].evidence = false; member[i].refused = false
  :: member[i].calls && !cut && fleet_open && !member[i].evidence -> member[i].refused = true
  :: member[i].calls && (cut || !fleet_open || member[i].evidence) ->  /* it gets through, or probes for itself */
    if
    :: up -> member[i].state = CLOSED; member[i].evidence = true; member[i].refused = false
    :: else -> member[i].state = OPEN; member[i].evidence = false; member[i].refused = true
    fi
  fi
}

/* FleetCircuit::report_on(). */
inline tell(i) {
  if
  :: member[i].state == OPEN && member[i].refused -> vote[i] = DOWN
  :: member[i].state == OPEN && !member[i].refused -> vote[i] = WAITS
  :: member[i].state == CLOSED && member[i].evidence -> vote[i] = WORKS
  :: else -> vote[i] = ABSTAINS
  fi
}

inline close() {
  fleet_open = false;
  vote[0] = ABSTAINS; vote[1] = ABSTAINS; vote[2] = ABSTAINS
}

inline tally() {
  count();
  if
  :: !fleet_open && down >= 2 && openings < OPENINGS -> fleet_open = true; openings++
#ifdef MUTANT_ANY_VOTE_AGAINST_CLOSES
  :: fleet_open && works > 0 ->
#elif defined(MUTANT_WAITING_MEMBERS_ARE_FORGOTTEN)
  :: fleet_open && down == 0 && vote[0] != LAPSED && vote[1] != LAPSED && vote[2] != LAPSED ->
#elif defined(MUTANT_LAPSED_VOTES_ARE_FORGOTTEN)
  :: fleet_open && down == 0 && (works > 0 || waits == 0) ->
#elif defined(MUTANT_ONLY_PROBES_CLOSE)
  :: false ->
#else
  :: fleet_open && down == 0 && vote[0] != LAPSED && vote[1] != LAPSED && vote[2] != LAPSED &&
     (works > 0 || waits == 0) ->
#endif
    assert(down == 0);              /* no member that finds it down is overruled */
    assert(works > 0 || waits == 0) /* an idle fleet stays open: one member probes for all */
    assert(vote[0] != LAPSED && vote[1] != LAPSED && vote[2] != LAPSED); /* one that was cut off is waited for */
    close()
  :: else
  fi;
  down = 0; works = 0; waits = 0
}

/* A member whose calls are refused, and have not shown the dependency to work, asks for the lease. */
inline probe(i) {
  if
  :: fleet_open && member[i].refused && !member[i].evidence ->
    if
    :: up -> close(); member[i].state = CLOSED; member[i].evidence = true; member[i].refused = false
    :: else -> member[i].state = OPEN
    fi
  :: else
  fi
}

proctype take_turns(byte i) {
  do
  :: atomic { call(i) };
    atomic { if :: !cut -> tell(i); tally(); probe(i) :: else fi }
  od
}

/* What happens to them, a bounded number of times; in the end the dependency is up and the store is there. */
active proctype world() {
  byte i, events = 0;
  atomic {
    for (i : 0 .. 2) { if :: member[i].calls = true :: member[i].calls = false fi }
    run take_turns(0); run take_turns(1); run take_turns(2)
  };
  do
  :: atomic {
    events < EVENTS -> events++;
    if
    :: !cut -> /* votes expire */
      cut = true;
      for (i : 0 .. 2) {
        if :: vote[i] == DOWN || vote[i] == WAITS -> vote[i] = LAPSED :: else -> vote[i] = ABSTAINS fi
      }
    :: cut -> cut = false
    :: !up -> up = true
    :: if :: i = 0 :: i = 1 :: i = 2 fi; /* an operator resets one */
      member[i].state = CLOSED; member[i].evidence = false; member[i].refused = false
    :: if :: i = 0 :: i = 1 :: i = 2 fi; /* traffic comes and goes */
      member[i].calls = !member[i].calls
    fi;
    i = 0
    }
  :: break
  od;
  atomic { events = 0; cut = false; up = true };
  /* A member that stays away: its lapsed vote goes in the end. */
  do
  :: atomic { vote[0] == LAPSED -> vote[0] = ABSTAINS }
  :: atomic { vote[1] == LAPSED -> vote[1] = ABSTAINS }
  :: atomic { vote[2] == LAPSED -> vote[2] = ABSTAINS }
  od
}

#define idle (!member[0].calls && !member[1].calls && !member[2].calls)

/* I6: if the dependency is up and called in the end, the circuit is closed in the end. */
ltl closes { <> [] (!fleet_open || idle) }
