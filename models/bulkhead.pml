/* Slots and the queue for them: bulkhead.hpp, try_take(), free(), join(), withdraw() and pass_on(). */
#ifndef THREADS
#define THREADS 4
#endif
#define SLOTS 2
#define PLACES 2
#define NOBODY 255

/* The word of the bulkhead: both halves change in one atomic step. */
byte in_use = 0;
byte waiting = 0;

/* Under the mutex. */
bool locked = false;
byte queue[PLACES];
byte queued = 0;
bool granted[THREADS];

byte running = 0;   /* what the dependency sees */
byte finished = 0;

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
    :: waiting > 0 && in_use < SLOTS -> waiting--; in_use++; turn = true
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

inline free() {
  atomic { in_use--; others = waiting };
  if
  :: others > 0 -> pass_on()
  :: else
  fi
}

/* Sets entry: 0 refused, 1 granted, 2 waiting. */
inline join() {
  atomic {                               /* the unlocked compare-exchange */
    if
    :: waiting == 0 && in_use < SLOTS -> in_use++; entry = 1
    :: else -> entry = 0
    fi
  };
  if
  :: entry == 0 ->
    lock();
#ifdef MUTANT
    /* Deciding by one look at the word and counting in by another: a slot freed in between sees nobody. */
    no_slot = in_use >= SLOTS || waiting > 0;
    if
    :: no_slot && waiting < PLACES -> waiting++; entry = 2
    :: !no_slot && in_use < SLOTS -> in_use++; entry = 1
    :: else
    fi;
#else
    atomic {
      if
      :: waiting == 0 && in_use < SLOTS -> in_use++; entry = 1
      :: !(waiting == 0 && in_use < SLOTS) && waiting < PLACES -> waiting++; entry = 2
      :: else
      fi
    };
#endif
    if
    :: entry == 2 -> queue[queued] = _pid - 1; queued++
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
  :: granted[_pid - 1] -> granted[_pid - 1] = false; entry = 1
  :: else ->
    place = 0;
    do
    :: queue[place] != _pid - 1 -> place++
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
  byte entry = 0;
  byte others = 0;
  byte place = 0;
  byte at_next = 0;
  bool turn = false;
#ifdef MUTANT
  bool no_slot = false;
#endif

  join();
  if
  :: entry == 2 ->
    if
    :: true ->
      granted[_pid - 1];                 /* sleeps until woken: no other way out */
      lock();
      granted[_pid - 1] = false;
      entry = 1;
      unlock()
    :: true -> withdraw()                /* its time is over, or it was cancelled */
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
  finished++
}

init {
  byte i = 0;
  atomic {
    do
    :: i < PLACES -> queue[i] = NOBODY; i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < THREADS -> run Caller(); i++
    :: else -> break
    od
  }
  finished == THREADS;                   /* else nobody moves any more: a caller was never woken */
  assert(in_use == 0 && waiting == 0 && queued == 0)
}
