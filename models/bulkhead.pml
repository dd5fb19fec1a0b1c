/* Slots, the cells they are parked in, and the queue for them: parked_slots.hpp, and in bulkhead.hpp
 * take_from_word(), free_in_word(), gather_locked(), spread(), join(), withdraw() and pass_on().
 * Mutants: MUTANT_LATE_CLOSE empties the cells before it closes them; MUTANT_TWO_LOOKS decides by one look at
 * the word and counts in by another; MUTANT_EARLY_BIT says that nothing is parked before it is so;
 * MUTANT_STALE_CALM lets slots be parked because there were many of them when it looked; MUTANT_PARKED_RESIZE leaves
 * slots parked when there are fewer. */
#ifndef THREADS
#define THREADS 3
#endif
#define CALLS 2
#define SLOTS 2
#define PLACES 2
#define CALM (slots / 2)
#define FEWER 1
#define NOBODY 255

/* The word of the bulkhead: all of it changes in one atomic step. */
byte taken = 0;
byte waiting = 0;
byte slots = SLOTS;
bool nothing_parked = false;

/* One slot may be parked with each thread. */
bit parked[THREADS];
bool closed = false;

/* Under the mutex. */
bool locked = false;
byte queue[PLACES];
byte queued = 0;
bool granted[THREADS];

byte running = 0;   /* what the dependency sees */
byte held = 0;      /* slots of callers that have been admitted, until they say free() */
byte busy = 0;      /* slots of callers that have one and have not said all of free() */
byte finished = 0;

#define me (_pid - 1)
#define admit busy++; held++; assert(held <= slots)   /* by the number of slots at this moment */

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

inline unlink(at) {
  d_step {
    at_next = at + 1;
    do
    :: at_next < queued -> queue[at_next - 1] = queue[at_next]; at_next++
    :: else -> break
    od;
    queued--;
    queue[queued] = NOBODY;
    at_next = 0
  }
}

/* Hands the slot that was freed to the first who waits. */
inline pass_on() {
  lock();
  atomic {
    if
    :: waiting > 0 && taken < slots -> waiting--; taken++; admit; turn = true
    :: else -> turn = false
    fi
  };
  if
  :: turn ->
    assert(queued > 0);
    d_step { granted[queue[0]] = true };
    unlink(0)
  :: else
  fi;
  unlock()
}

inline close_cells() {
#ifndef MUTANT_LATE_CLOSE
  closed = true;
#endif
  at_next = 0;
  gathered = 0;
  do
  :: at_next < THREADS ->
    atomic { gathered = gathered + parked[at_next]; parked[at_next] = 0; at_next++ }
  :: else -> break
  od;
  at_next = 0;
#ifdef MUTANT_LATE_CLOSE
  closed = true
#endif
}

inline gather_locked() {
  if
  :: !nothing_parked ->
#ifdef MUTANT_EARLY_BIT
    nothing_parked = true;
    close_cells();
    taken = taken - gathered;
#else
    close_cells();
    atomic { taken = taken - gathered; nothing_parked = true };
#endif
    gathered = 0
  :: else
  fi
}

inline spread() {
  lock();
  atomic {
    if
#ifdef MUTANT_STALE_CALM
    :: waiting == 0 && nothing_parked -> nothing_parked = false; turn = true
#else
    :: waiting == 0 && nothing_parked && taken <= CALM -> nothing_parked = false; turn = true
#endif
    :: else -> turn = false
    fi
  };
  if
  :: turn -> closed = false; turn = false
  :: else
  fi;
  unlock()
}

inline free_in_word() {
  atomic {
    others = waiting;
    turn = nothing_parked && taken <= CALM;
    taken--;
    busy--
  };
  if
  :: others > 0 -> others = 0; turn = false; pass_on()
  :: others == 0 && turn -> spread()
  :: else
  fi;
  turn = false
}

/* Another number of slots, and every slot that is free then to those who wait. */
inline resize(number) {
  lock();
#ifndef MUTANT_PARKED_RESIZE
  gather_locked();
#endif
  slots = number;
  do
  :: atomic { waiting > 0 && taken < slots -> waiting--; taken++; admit };
     assert(queued > 0);
     d_step { granted[queue[0]] = true };
     unlink(0)
  :: atomic { !(waiting > 0 && taken < slots) -> break }
  od;
  unlock()
}

inline free() {
  held--;
  if
  :: parked[me] == 0 && !closed ->
    parked[me] = 1;                      /* nobody but this thread parks here */
    if
    :: closed ->
      atomic {                           /* takes it out again, unless close() has it */
        if
        :: parked[me] == 1 -> parked[me] = 0; turn = true
        :: else -> busy--
        fi
      };
      if
      :: turn -> turn = false; free_in_word()
      :: else
      fi
    :: atomic { !closed -> busy-- }
    fi
  :: else -> free_in_word()
  fi
}

/* Sets entry: 0 refused, 1 granted. */
inline take_from_word() {
  do
  :: atomic { waiting == 0 && taken < slots -> taken++; admit; entry = 1 }; break
  :: atomic {
       !(waiting == 0 && taken < slots) && nothing_parked ->
       assert(waiting > 0 || busy >= slots);   /* nobody is refused while a slot is free */
       entry = 0
     };
     break
  :: !(waiting == 0 && taken < slots) && !nothing_parked ->
     lock();
     gather_locked();
     unlock()
  od
}

inline try_take() {
  atomic {
    if
    :: parked[me] == 1 -> parked[me] = 0; admit; entry = 1
    :: else -> entry = 0
    fi
  };
  if
  :: entry == 0 -> take_from_word()
  :: else
  fi
}

/* Sets entry: 0 refused, 1 granted, 2 waiting. */
inline join() {
  try_take();
  if
  :: entry == 0 ->
    lock();
    gather_locked();
#ifdef MUTANT_TWO_LOOKS
    turn = taken >= slots || waiting > 0;
    if
    :: turn && waiting < PLACES -> waiting++; entry = 2
    :: !turn && taken < slots -> taken++; admit; entry = 1
    :: else
    fi;
    turn = false;
#else
    atomic {
      if
      :: waiting == 0 && taken < slots -> taken++; admit; entry = 1
      :: !(waiting == 0 && taken < slots) && waiting < PLACES -> waiting++; entry = 2
      :: else
      fi
    };
#endif
    if
    :: entry == 2 -> queue[queued] = me; queued++
    :: else
    fi;
    unlock()
  :: else
  fi
}

/* Stops waiting. Sets entry to 1 when the turn came in the last moment. */
inline withdraw() {
  lock();
  if
  :: granted[me] -> granted[me] = false; entry = 1
  :: else ->
    place = 0;
    do
    :: queue[place] != me -> place++
    :: else -> break
    od;
    unlink(place);
    place = 0;
    waiting--;
    entry = 0
  fi;
  unlock()
}

proctype Caller() {
  byte calls = 0;
  byte entry = 0;
  byte others = 0;
  byte place = 0;
  byte at_next = 0;
  byte gathered = 0;
  bool turn = false;

  do
  :: calls < CALLS ->
    calls++;
    join();
    if
    :: entry == 2 ->
      if
      :: true ->
        granted[me];                     /* sleeps until woken: no other way out */
        lock();
        granted[me] = false;
        entry = 1;
        unlock()
      :: true -> withdraw()              /* its time is over, or it was cancelled */
      fi
    :: else
    fi;
    if
    :: entry == 1 ->
      running++;
      assert(running <= SLOTS);
      running--;
      free()
    :: else
    fi;
    entry = 0
  :: else -> break
  od;
  finished++
}

proctype Operator() {
  byte at_next = 0;
  byte gathered = 0;

  resize(FEWER);
  resize(SLOTS);
  finished++
}

init {
  byte i = 0;
  byte left = 0;
  atomic {
    do
    :: i < PLACES -> queue[i] = NOBODY; i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < THREADS -> run Caller(); i++
    :: else -> break
    od;
    run Operator()
  }
  finished == THREADS + 1;                   /* else nobody moves any more: a caller was never woken */
  d_step {
    i = 0;
    do
    :: i < THREADS -> left = left + parked[i]; i++
    :: else -> break
    od;
    assert(taken == left && waiting == 0 && queued == 0 && busy == 0);
    assert(!nothing_parked || left == 0)
  }
}
