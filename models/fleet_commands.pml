/* An operator's commands to a fleet: force() of switchgear/redis/fleet_scripts.cpp, and what a member makes of the
   store's command (FleetCircuit::adopt_command). Two members; a command may be long under way, a member may be
   started anew and the store lose its data. Each script is one step, as it is in Redis. `given` numbers the commands
   in the order in which operators gave them: the members and the store do not know it. The clock of the store goes on
   with each command. */
#define MEMBERS 2
#define COMMANDS 4
#define FAULTS 2

typedef Store {
  byte epoch;
  byte given
}
typedef Member {
  byte epoch;       /* of the command that it follows, or has followed */
  byte given;
  bool lasts;       /* it is not over yet */
  byte seen;        /* the highest epoch of a command that it has seen */
  byte pending;     /* given here, and not told to the store: its number; 0: none */
  byte pending_at;  /* by the store's clock */
  byte base         /* what had been seen by then */
}

Store store;
Member member[MEMBERS];
byte clock = 0, commands = 0, faults = 0, epoch, i;

inline give() {
  commands++; clock++;
  member[i].pending = commands; member[i].pending_at = clock; member[i].base = member[i].seen
}

inline deliver() {
  if
#ifndef MUTANT_LATE_COMMAND_WINS
  :: store.epoch > member[i].base && member[i].pending_at <= store.epoch -> skip /* a later one is known */
#endif
  :: else ->
    assert(member[i].pending > store.given); /* no command replaces one that was given after it */
    epoch = store.epoch + 1;
    if :: member[i].base + 1 > epoch -> epoch = member[i].base + 1 :: else fi;
#ifndef MUTANT_EPOCHS_BEGIN_ANEW
    if :: member[i].pending_at > epoch -> epoch = member[i].pending_at :: else fi;
#endif
    store.epoch = epoch; store.given = member[i].pending; epoch = 0
  fi;
  member[i].pending = 0; member[i].pending_at = 0; member[i].base = 0; member[i].lasts = false
}

inline adopt() {
  member[i].epoch = store.epoch; member[i].given = store.given; member[i].lasts = true;
  if :: store.epoch > member[i].seen -> member[i].seen = store.epoch :: else fi
}

/* A view comes; the member's answer to it, if it has one, is delivered in the same step. */
inline see() {
  if
  :: member[i].pending != 0 || store.epoch == member[i].epoch -> skip
  :: member[i].pending == 0 && store.epoch < member[i].epoch && member[i].lasts -> /* the store has forgotten it */
    assert(member[i].given > store.given); /* what is put back is not older than what it replaces */
    store.epoch = member[i].epoch; store.given = member[i].given
  :: member[i].pending == 0 && store.epoch != 0 && store.epoch != member[i].epoch &&
     (store.epoch > member[i].epoch || !member[i].lasts) -> adopt()
  :: member[i].pending == 0 && store.epoch == 0 && store.epoch < member[i].epoch && !member[i].lasts -> skip
  fi
}

active proctype world() {
  do
  :: atomic {
    if :: i = 0 :: i = 1 fi;
    if
    :: commands < COMMANDS && member[i].pending == 0 -> give()
    :: member[i].pending != 0 -> deliver()
    :: true -> see()
    :: member[i].lasts -> member[i].lasts = false /* its time is over */
    :: faults < FAULTS -> faults++; store.epoch = 0; store.given = 0
    :: faults < FAULTS ->
      faults++;
      member[i].epoch = 0; member[i].given = 0; member[i].lasts = false; member[i].seen = 0;
      member[i].pending = 0; member[i].pending_at = 0; member[i].base = 0
    fi;
    i = 0
  }
  od
}
