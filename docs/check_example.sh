#!/usr/bin/env bash
# check_example.sh EXAMPLE SCRATCH COMMAND... : runs COMMAND in the empty directory SCRATCH, where
# data/ is docs/examples/data and plugins/ the folder MIXTURE_PLUGINS, and compares what it prints with the .out file beside EXAMPLE.
# With MIXTURE_UPDATE_EXAMPLES=1 it writes that file instead.
set -euo pipefail

example=$1
scratch=$2
shift 2
expected=${example%.*}.out

rm -rf "$scratch"
mkdir -p "$scratch/work"
ln -s "$(dirname "$example")/data" "$scratch/work/data"
if [[ -n ${MIXTURE_PLUGINS:-} ]]; then ln -s "$MIXTURE_PLUGINS" "$scratch/work/plugins"; fi
(cd "$scratch/work" && "$@") >"$scratch/stdout"

if [[ ${MIXTURE_UPDATE_EXAMPLES:-0} == 1 ]]; then
  cp "$scratch/stdout" "$expected"
  exit 0
fi
if ! diff -u --label expected --label printed "$expected" "$scratch/stdout"; then
  echo "$example does not print $expected; if it should, run ./dev docs --update"
  exit 1
fi
