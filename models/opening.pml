/* Reading an opening without a lock: circuit_breaker.hpp, try_acquire(), against open_locked() and enter_locked(). */
#define CLOSED 0
#define OPEN 1
#define OPENINGS 3

/* word = generation * 2 + state; until belongs to the generation in which it was written. */
byte word = 2;
byte until = 0;

proctype Writer() {
  byte generation = 1;
  do
  :: generation < OPENINGS * 2 ->
    generation++;
#ifdef MUTANT
    word = generation * 2 + OPEN;      /* announced before it is true */
    until = generation;
#else
    until = generation;
    word = generation * 2 + OPEN;
#endif
    generation++;
    word = generation * 2 + CLOSED
  :: else -> break
  od
}

proctype Reader() {
  byte seen;
  byte end;
  byte tries = 0;
  do
  :: tries < 4 ->
    tries++;
    seen = word;
    if
    :: seen % 2 == OPEN ->
      end = until;
      if
      :: word == seen -> assert(end == seen / 2)   /* the end of this opening, not of another */
      :: else                                      /* looked away too long: again */
      fi
    :: else
    fi
  :: else -> break
  od
}

init {
  atomic {
    run Writer();
    run Reader();
    run Reader()
  }
}
