#!/usr/bin/env bash
# Checks every model in models/ exhaustively with Spin, and that each of its mutants fails.
set -euo pipefail
models=$(cd "$(dirname "$0")/../models" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# explore MODEL [DEFINE]: prints the number of errors Spin finds.
explore() {
  rm -f pan*
  spin -a ${2:+-D"$2"} "$models/$1.pml" > /dev/null
  gcc -O1 -w -DSAFETY -o pan pan.c
  ./pan -m200000 > pan.txt
  if grep -q 'max search depth too small' pan.txt; then
    echo "$1: not explored to the end" >&2
    exit 1
  fi
  sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.txt
}

failed=0
for model in probes opening bulkhead rate_limiter call_starts window fleet fleet_commands; do
  errors=$(explore "$model")
  states=$(awk '/states, stored/ {print $1; exit}' pan.txt)
  mutants=$(grep -oE '#ifn?def MUTANT\w*' "$models/$model.pml" | awk '{print $2}' | sort -u)
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
