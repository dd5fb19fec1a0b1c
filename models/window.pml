/* Calls booked in a full count window by two threads, each with a stripe of its own: policy/evidence.cpp, striped/window.hpp,
 * striped/allowance.hpp. Every step of a thread may be followed by any number of steps of the others, so the ring is lapped.
 *
 * `log` is the truth: the calls in the order of their places. Checked whenever somebody looks while the window is quiescent: the marks in the
 * stripes' rings are those of the last SIZE calls. Checked at every booking: the call is of the generation, and a call
 * booked by allowance does not make the rule hold unseen. */
#ifndef SIZE
#define SIZE 4
#endif
#ifndef CALLS
#define CALLS 3
#endif
#define LIMIT 4       /* marks that make the rule hold */
#define THREADS 2
#define LOG 24

byte generation = 1;
bool locked = false;
byte cursor = 0;
bit log[LOG];              /* marks by place */
byte began = 0;            /* the place at which the generation began */

/* Stripes */
bit ring[8];               /* THREADS * SIZE */
byte next[THREADS];
bool busy[THREADS];
byte grant_generation[THREADS];
byte grant_left[THREADS];

bool tripped = false;

inline lock() { atomic { !locked -> locked = true } }

inline true_marks(count, upto) {   /* of the SIZE places before `upto` */
  d_step {
    count = 0;
    k = 0;
    do
    :: k < SIZE ->
      if
      :: upto > k && upto - 1 - k >= began -> count = count + log[upto - 1 - k]
      :: else
      fi;
      k++
    :: else -> break
    od
  }
}

inline pass(stripe, upto) {        /* the places from next to before `upto` were other calls' */
  d_step {
    do
    :: next[stripe] < upto ->
#ifndef MUTANT_PASS
      ring[stripe * SIZE + next[stripe] % SIZE] = 0;
#endif
      next[stripe]++
    :: else -> break
    od
  }
}

inline put(stripe, where) {
  pass(stripe, where);
  d_step { ring[stripe * SIZE + where % SIZE] = 1; next[stripe] = where + 1 }
}

inline quiesce() {
  grant_left[0] = 0; grant_generation[0] = 0;
  grant_left[1] = 0; grant_generation[1] = 0;
#ifndef MUTANT_SETTLE
  (!busy[0] || me == 0);           /* one's own thread is not booking meanwhile */
  (!busy[1] || me == 1)
#endif
}

inline sum_rings(count) {
  d_step {
    count = 0;
    k = 0;
    do
    :: k < THREADS * SIZE -> count = count + ring[k]; k++
    :: else -> break
    od
  }
}

inline resume(marks) {
  if
  :: marks < LIMIT ->
#ifdef MUTANT_SHARE
    share = (LIMIT - marks) / THREADS;
#else
    share = (LIMIT - marks - 1) / THREADS;
#endif
    if
    :: share > 0 ->
      grant_left[0] = share; grant_generation[0] = generation;
      grant_left[1] = share; grant_generation[1] = generation
    :: else
    fi
  :: else
  fi
}

inline take_place(marked) {
  atomic { place = cursor; log[cursor] = marked; cursor++ }
}

proctype Caller(byte me) {
  byte calls = 0;
  byte mine, place, marks, truth, share, k;
  bool allowed;

  do
  :: calls < CALLS && !tripped ->
    calls++;
    mine = generation;
    if
    :: take_place(0)                          /* a plain success */
    :: skip ->                                /* a marked call */
#ifdef MUTANT_BUSY
      allowed = grant_left[me] > 0 && grant_generation[me] == mine;
      busy[me] = true;
#else
      busy[me] = true;
#ifdef MUTANT_GENERATION
      allowed = grant_left[me] > 0;
#else
      atomic { allowed = grant_left[me] > 0 && grant_generation[me] == mine };
#endif
#endif
      if
      :: allowed ->
        d_step { if :: grant_left[me] > 0 -> grant_left[me]-- :: else fi };   /* used_, which only this thread writes */
        assert(mine == generation);
        take_place(1);
        true_marks(truth, place + 1);
        assert(truth < LIMIT);
        put(me, place);
        busy[me] = false
      :: else ->
        busy[me] = false;
        lock();
        if
        :: mine == generation ->
          quiesce();
          take_place(1);
          put(me, place);
          pass(0, place + 1);
          pass(1, place + 1);
          sum_rings(marks);
          true_marks(truth, place + 1);
          assert(marks == truth);
          if
          :: marks >= LIMIT -> tripped = true
          :: else
          fi;
          resume(marks)
        :: else                               /* late: changes nothing */
        fi;
        locked = false
      fi
    fi
  :: else -> break
  od
}

proctype Operator() {
  byte me = THREADS;
  byte k;
  lock();
  quiesce();
  d_step {
    generation++;
    began = cursor;
    k = 0;
    do
    :: k < THREADS * SIZE -> ring[k] = 0; k++
    :: else -> break
    od;
    next[0] = cursor;
    next[1] = cursor
  }
  locked = false
}

init {
  atomic {
    run Caller(0);
    run Caller(1);
    run Operator()
  }
}
