/* The race for probe permits, probes that hang and permits that come late: circuit_breaker.cpp, try_probe()
   and try_record_probe(), circuit_breaker_transitions.cpp, settle(), with probe_round.cpp behind the mutex.
   Time is not modelled: a probe that is out may be given up at any moment, and an opening may be over. */
#ifndef THREADS
#define THREADS 3
#endif
#define PERMITTED 3
#define RELAPSING 2 /* failed probes at which it relapses: max_failure_rate 2/3 */
#define HANGS 2     /* how many probes are given up at most */

#define CLOSED 0
#define OPEN 1
#define HALF_OPEN 2

#define FREE 0
#define OUT 1
#define GIVEN_UP 2

byte state = OPEN;
byte generation = 1;
byte recorded = 0;
byte failed = 0;
byte in_flight = 0;
byte place[PERMITTED]; /* by number of the probe */
bool locked = false;

/* What happened in this half-open period, for the assertions alone. */
byte given = 0;         /* permits, without those that were dropped */
byte good = 0, bad = 0; /* probes that passed; that failed or hung */
byte owner[PERMITTED];  /* the caller that holds the permit of a number */
byte finished = 0;

inline lock() { atomic { !locked -> locked = true } }

inline unlock() {
  d_step {
    assert(recorded + in_flight <= PERMITTED);
    assert(in_flight == (place[0] == OUT) + (place[1] == OUT) + (place[2] == OUT));
    locked = false
  }
}

inline start_round() {
  state = HALF_OPEN; generation++;
  recorded = 0; failed = 0; in_flight = 0;
  place[0] = FREE; place[1] = FREE; place[2] = FREE;
  given = 0; good = 0; bad = 0
}

inline decide() {
  if
  :: failed >= RELAPSING -> assert(bad >= RELAPSING); state = OPEN; generation++
  :: failed < RELAPSING && failed + (PERMITTED - recorded) < RELAPSING ->
    assert(good + RELAPSING > PERMITTED); state = CLOSED; generation++
  :: else
  fi
}

/* try_probe(), behind the mutex. */
inline ask() {
  if
  :: state == OPEN -> start_round()
  :: else
  fi;
  if
  :: state == HALF_OPEN && recorded + in_flight < PERMITTED ->
    if
    :: place[0] == FREE -> number = 0
    :: place[0] != FREE && place[1] == FREE -> number = 1
    :: place[0] != FREE && place[1] != FREE -> assert(place[2] == FREE); number = 2
    fi;
    place[number] = OUT; in_flight++;
    era = generation; admitted = true;
    owner[number] = _pid;
    given++;
    assert(given <= PERMITTED)
  :: else
  fi
}

proctype Caller() {
  byte era, number;
  bool admitted;
  byte tries = 0;

  do
  :: tries == 2 -> break
  :: tries < 2 ->
    tries++;
    admitted = false;
    if
    :: state != CLOSED ->              /* the unlocked look at the word */
#ifdef MUTANT
      ask()                            /* on what was seen outside the lock: one probe too many */
#else
      lock();
      atomic { ask(); unlock() }
#endif
    :: else
    fi;
    if
    :: admitted ->
      lock();
      atomic {
        if
        :: era != generation             /* decided meanwhile: late */
#ifndef MUTANT_LATE
        :: era == generation && place[number] == GIVEN_UP /* counted already: late */
        :: era == generation && place[number] != GIVEN_UP ->
#else
        :: era == generation ->          /* a hung probe leaves twice */
#endif
          assert(owner[number] == _pid);
          in_flight--; place[number] = FREE;
          if
          :: recorded++; good++
          :: recorded++; failed++; bad++
          :: given--                     /* dropped or ignored: its place is another's */
          fi;
          decide()
        fi;
        unlock();
        era = 0; number = 0
      }
    :: else
    fi
  od;
  finished++
}

/* settle(): whoever looks at the clock finds a probe that has been out for too long. */
proctype Clock() {
  byte hung = 0;
  byte which;

  do
  :: hung == HANGS || finished == THREADS -> break
  :: hung < HANGS && state == HALF_OPEN ->
    lock();
    atomic {
      if
      :: state == HALF_OPEN && in_flight > 0 ->
        if
        :: place[0] == OUT -> which = 0
        :: place[1] == OUT -> which = 1
        :: place[2] == OUT -> which = 2
        fi;
        hung++;
#ifdef MUTANT_REUSE
        place[which] = FREE;             /* its number goes to another, for which its late permit then passes */
#else
        place[which] = GIVEN_UP;
#endif
        in_flight--; recorded++; failed++; bad++;
        decide()
#ifdef MUTANT_QUIET
      :: state == HALF_OPEN && in_flight == 0 -> /* nobody calls: that is no evidence */
        assert(bad >= RELAPSING); state = OPEN; generation++
#endif
      :: else
      fi;
      which = 0;
      unlock()
    }
  od
}

init {
  byte i = 0;
  atomic {
    do
    :: i < THREADS -> run Caller(); i++
    :: else -> break
    od;
    run Clock()
  }
  finished == THREADS;
  !locked;
  /* Every permit came back, and it is never left half-open with nobody out and nobody to be admitted. */
  assert(state != HALF_OPEN || in_flight == 0);
  assert(state != HALF_OPEN || recorded < PERMITTED);
  assert(state != CLOSED || good + RELAPSING > PERMITTED)
}
