#!/usr/bin/env bash
# check.sh SOURCE COMPILER FLAGS... : passes if SOURCE does not compile and the compiler's output
# contains the text of every "// expect: TEXT" line of SOURCE.
set -euo pipefail

source=$1
shift

mapfile -t expected < <(sed -n 's|^// expect: ||p' "$source")
if ((${#expected[@]} == 0)); then
  echo "$source: no line '// expect: TEXT'"
  exit 1
fi

if output=$(LC_ALL=C "$@" -fsyntax-only "$source" 2>&1); then
  echo "$source: compiles, but must not"
  exit 1
fi

for text in "${expected[@]}"; do
  if [[ $output != *"$text"* ]]; then
    printf '%s: the compiler does not say: %s\n\n%s\n' "$source" "$text" "$output"
    exit 1
  fi
done
