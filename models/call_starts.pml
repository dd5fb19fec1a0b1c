/* One slot of the table of calls in flight: call_starts.cpp, enter(), leave() and stuck(). Calls of an old generation, which
   began long ago and whose threads were held up before they entered, and fresh calls of the current one take it in turn while
   a reader looks for old calls of the current generation. */
#define OLD 1
#define NOW 2             /* generations; 0: the slot is free */
#define LONG_AGO 1
#define FRESH 2
#define UNKNOWN 0
#define TURNS 3

byte generation = 0;      /* the slot's owner: generation ... */
byte turn = 0;            /* ... and turn, changed together */
byte start = UNKNOWN;

proctype Caller(byte mine; byte began) {
  byte turns = 0;
  do
  :: turns < TURNS ->
    turns++;
    atomic { generation == 0 -> generation = mine; turn++ };
    start = began;
#ifdef MUTANT_FREES_FIRST
    generation = 0;
    start = UNKNOWN
#else
#ifndef MUTANT_LEAVES_ITS_START
    start = UNKNOWN;
#endif
    generation = 0
#endif
  :: else -> break
  od
}

proctype Reader() {
  byte seen_generation;
  byte seen_turn;
  byte seen_start;
  byte looks = 0;
  do
  :: looks < 3 ->
    looks++;
    atomic { seen_generation = generation; seen_turn = turn };
    if
    :: seen_generation == NOW ->
      seen_start = start;
      if
#ifdef MUTANT_LOOKS_ONCE
      :: seen_start != UNKNOWN -> assert(seen_start == FRESH)
#else
#ifdef MUTANT_COUNTS_NO_TURNS
      :: seen_start != UNKNOWN && generation == seen_generation -> assert(seen_start == FRESH)
#else
      :: seen_start != UNKNOWN && generation == seen_generation && turn == seen_turn -> assert(seen_start == FRESH)
#endif
#endif
      :: else
      fi
    :: else
    fi
  :: else -> break
  od
}

init {
  atomic {
    run Caller(OLD, LONG_AGO);
    run Caller(NOW, FRESH);
    run Reader()
  }
}
