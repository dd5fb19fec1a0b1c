/* The race for probe permits: circuit_breaker.cpp, try_probe() and try_record_probe(). */
#ifndef THREADS
#define THREADS 3
#endif
#define PERMITTED 2

#define CLOSED 0
#define OPEN 1
#define HALF_OPEN 2

byte state = OPEN;
byte generation = 1;
byte recorded = 0;
byte in_flight = 0;
bool locked = false;

byte passed = 0;    /* probes recorded in this half-open period: what the dependency saw and answered */
byte finished = 0;

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

proctype Caller() {
  byte mine;
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
      /* Deciding on what was seen outside the lock lets one probe too many through. */
      if
      :: state == OPEN -> state = HALF_OPEN; generation++; recorded = 0; in_flight = 0
      :: else
      fi;
      if
      :: recorded + in_flight < PERMITTED -> in_flight++; mine = generation; admitted = true
      :: else
      fi;
#else
      lock();
      if
      :: state == OPEN -> state = HALF_OPEN; generation++; recorded = 0; in_flight = 0
      :: else
      fi;
      if
      :: state == HALF_OPEN && recorded + in_flight < PERMITTED ->
        in_flight++; mine = generation; admitted = true
      :: else
      fi;
      unlock();
#endif
    :: else
    fi;
    assert(state != HALF_OPEN || recorded + in_flight <= PERMITTED);
    if
    :: admitted ->
      if
      :: lock();                        /* the probe succeeds */
        if
        :: mine == generation ->
          in_flight--; recorded++; passed++;
          assert(passed <= PERMITTED);
          if
          :: recorded == PERMITTED -> state = CLOSED; generation++
          :: else
          fi
        :: else
        fi;
        unlock()
      :: lock();                        /* or its permit is dropped: ignored */
        if
        :: mine == generation -> in_flight--
        :: else
        fi;
        unlock()
      fi
    :: else
    fi
  od;
  finished++
}

init {
  byte i = 0;
  atomic {
    do
    :: i < THREADS -> run Caller(); i++
    :: else -> break
    od
  }
  finished == THREADS;
  /* Nobody is left in flight: every permit came back. */
  assert(state == CLOSED || in_flight == 0);
  assert(state != CLOSED || passed == PERMITTED)
}
