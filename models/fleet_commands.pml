/* An operator's commands to a fleet: force() of switchgear/redis/fleet_scripts.cpp, and what a member makes of the
   store's command (FleetCircuit::adopt_command). Two members; a command may be long under way, its member give another
   meanwhile, a member may be started anew and the store lose its data. Each script is one step, as it is in Redis.
   `given` numbers the commands in the order in which operators gave them: the members and the store do not know it. The
   clock of the store goes on with each command, and a member reckons by it when it gives one. */
#define MEMBERS 2
#define COMMANDS 4
#define FAULTS 2

typedef Store {
  byte epoch;
  byte at;          /* when the command was given, by the store's clock */
  byte given
}
typedef Command {
  byte number;      /* 0: none */
  byte at;          /* by the store's clock */
  byte base         /* the highest epoch that its member had seen when it was given */
}
typedef Member {
  byte epoch;       /* of the command that it follows, or has followed */
  byte given;
  bool lasts;       /* it is not over yet */
  byte seen;        /* the highest epoch of a command that it has seen */
  Command pending;  /* given here, and not told to the store */
  Command stray     /* sent before, on a connection that was given up, and still unread */
}

Store store;
Member member[MEMBERS];
byte clock = 0, commands = 0, faults = 0, epoch, i;

inline copy(from, to) { to.number = from.number; to.at = from.at; to.base = from.base }
inline forget(command) { command.number = 0; command.at = 0; command.base = 0 }

inline give() {
  if :: member[i].pending.number != 0 -> copy(member[i].pending, member[i].stray) :: else fi;
  commands++; clock++;
  member[i].pending.number = commands; member[i].pending.at = clock; member[i].pending.base = member[i].seen
}

inline deliver(command) {
#ifdef MUTANT_TIME_ON_THE_WAY_IS_NOT_COUNTED
  command.at = clock;
#endif
  if
#ifndef MUTANT_LATE_COMMAND_WINS
  :: store.epoch > command.base && command.at < store.at ->
    assert(command.number <= store.given) /* what is refused is not newer than what stays */
#endif
  :: else ->
    assert(command.number >= store.given); /* no command replaces one that was given after it */
    epoch = store.epoch + 1;
    if :: command.base + 1 > epoch -> epoch = command.base + 1 :: else fi;
#ifndef MUTANT_EPOCHS_BEGIN_ANEW
    if :: command.at > epoch -> epoch = command.at :: else fi;
#endif
    store.epoch = epoch; store.at = command.at; store.given = command.number; epoch = 0
  fi;
  forget(command)
}

inline adopt() {
  member[i].epoch = store.epoch; member[i].given = store.given; member[i].lasts = true;
  if :: store.epoch > member[i].seen -> member[i].seen = store.epoch :: else fi
}

/* A view comes; the member's answer to it, if it has one, is delivered in the same step. */
inline see() {
  if
  :: member[i].pending.number != 0 || store.epoch == member[i].epoch -> skip
  :: member[i].pending.number == 0 && store.epoch < member[i].epoch && member[i].lasts -> /* the store forgot it */
    assert(member[i].given >= store.given); /* what is put back is not older than what it replaces */
    store.epoch = member[i].epoch; store.at = member[i].epoch; store.given = member[i].given
  :: member[i].pending.number == 0 && store.epoch != 0 && store.epoch != member[i].epoch &&
     (store.epoch > member[i].epoch || !member[i].lasts) -> adopt()
  :: member[i].pending.number == 0 && store.epoch == 0 && store.epoch < member[i].epoch && !member[i].lasts -> skip
  fi
}

active proctype world() {
  do
  :: atomic {
    if :: i = 0 :: i = 1 fi;
    if
    :: commands < COMMANDS && (member[i].pending.number == 0 || member[i].stray.number == 0) -> give()
    :: member[i].pending.number != 0 -> deliver(member[i].pending); member[i].lasts = false
    :: faults < FAULTS && member[i].pending.number != 0 && member[i].stray.number == 0 ->
      faults++; /* no reply came: it is sent again */
      copy(member[i].pending, member[i].stray)
    :: member[i].stray.number != 0 -> deliver(member[i].stray)
    :: true -> see()
    :: member[i].lasts -> member[i].lasts = false /* its time is over */
    :: faults < FAULTS -> faults++; store.epoch = 0; store.at = 0; store.given = 0
    :: faults < FAULTS ->
      faults++;
      member[i].epoch = 0; member[i].given = 0; member[i].lasts = false; member[i].seen = 0;
      forget(member[i].pending)
    fi;
    i = 0
  }
  od
}
