/* The base of a rate limiter's time, which follows the time while callers reserve without a lock: rate_limiter.hpp, view(),
   try_change() and reserve_slow() against rebase(). A caller may be held up between any two of its steps while the base
   moves on by as many tags as there are but one. */
#ifdef MUTANT_TWO_TAGS
#define TAGS 2            /* as many as there are bases: the tag comes back while a caller sleeps */
#else
#define TAGS 4            /* 16 in the code */
#endif
#define REBASES 3
#define FAR 3             /* tokens that are handed out at most */

byte tag = 0;             /* state_: the tag and ... */
byte tat = 0;             /* ... the tokens reserved since its base: changed together */
byte base[2] = 0;         /* bases_: here, the number of the rebase that wrote it */
byte rebases = 0;         /* ghost: which base `state_` counts from */

/* Under mutex_, so one process stands for all who rebase. */
proctype Rebaser() {
  byte left;
  byte seen;
  do
  :: rebases < REBASES ->
#ifdef MUTANT_TAG_FIRST
    atomic { rebases++; tag = (tag + 1) % TAGS; tat = 0 };
    base[tag % 2] = rebases
#else
#ifdef MUTANT_ONE_BASE
    base[tag % 2] = rebases + 1;
#else
    base[(tag + 1) % 2] = rebases + 1;
#endif
    seen = tat;
    do
    :: atomic { tat == seen -> rebases++; tag = (tag + 1) % TAGS; tat = 0; break }   /* compare-exchange */
    :: atomic { tat != seen -> seen = tat }
    od
#endif
  :: else -> break
  od
}

proctype Caller() {
  byte my_tag;
  byte my_tat;
  byte my_base;
  byte tries = 0;
  do
  :: tries < 3 ->
    tries++;
    atomic { my_tag = tag; my_tat = tat };
#ifdef MUTANT_ONE_BASE
    my_base = base[0];
#else
    my_base = base[my_tag % 2];
#endif
    if
    :: my_tat < FAR ->
      atomic {
        if
        :: tag == my_tag && tat == my_tat ->
          assert(my_base == rebases);       /* admitted by the base that the state counts from */
          tat++
        :: else                             /* lost the race: again */
        fi
      }
    :: else ->                              /* refused: changes nothing, so it must look again */
#ifdef MUTANT_REFUSES_UNSEEN
      assert(my_base % TAGS == my_tag)   /* a base of another tag than the tokens */
#else
      atomic {
        if
        :: tag == my_tag && tat == my_tat -> assert(my_base == rebases)
        :: else
        fi
      }
#endif
    fi
  :: else -> break
  od
}

init {
  atomic {
    run Rebaser();
    run Caller();
    run Caller()
  }
}
