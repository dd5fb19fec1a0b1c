#!/usr/bin/env bash
# Checks every model in models/ exhaustively with Spin, and that each of its mutants fails.
set -euo pipefail
models=$(cd "$(dirname "$0")/../models" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# explore MODEL [DEFINE]: prints the number of errors Spin finds. A model with an `ltl` formula says what happens in the
# end: then each process that can take a step takes one at last.
explore() {
  local safety=-DSAFETY run=
  if grep -q '^ltl ' "$models/$1.pml"; then safety= run='-a -f'; fi
  rm -f pan*
  spin -a ${2:+-D"$2"} "$models/$1.pml" > /dev/null
  gcc -O1 -w $safety -DNFAIR=3 -o pan pan.c
  ./pan -m200000 $run > pan.txt
  if grep -q 'max search depth too small' pan.txt; then
    echo "$1: not explored to the end" >&2
    exit 1
  fi
  sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.txt
}

failed=0
for model in probes opening bulkhead rate_limiter call_starts window fleet fleet_commands fleet_recovery; do
  errors=$(explore "$model")
  states=$(awk '/states, stored/ {print $1; exit}' pan.txt)
  mutants=$(grep -oE '(#ifn?def |defined\()MUTANT\w*' "$models/$model.pml" | grep -oE 'MUTANT\w*' | sort -u)
  [ -n "$mutants" ] || { echo "$model: has no mutant" >&2; exit 1; }
  survivors=
  for mutant in $mutants; do
    [ "$(explore "$model" "$mutant")" -gt 0 ] || survivors+=" $mutant"
  done
  if [ "$errors" = 0 ] && [ -z "$survivors" ]; then
    echo "$model: holds in all $states states; $(wc -w <<<"$mutants") mutant(s) fail"
  else
    echo "$model: errors $errors (expected 0); holds though it is wrong:${survivors:- none}" >&2
    failed=1
  fi
done
exit $failed
