#!/usr/bin/env bash
# refresh_outputs.sh PAGE.md...: replaces every block that follows "<!-- example: NAME.out -->" by
# the whole of docs/examples/NAME.out, after './dev docs --update' has rewritten that file. Not for
# pages that quote parts of an output.
set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/examples

refresh() {  # PAGE
  awk -v examples="$examples" '
    inside { if ($0 !~ /^```/) next; inside = 0 }
    { print }
    /^<!-- example: [^ ]+\.out -->$/ { name = $3; next }
    name != "" && /^```/ {
      while ((getline line < (examples "/" name)) > 0) print line
      close(examples "/" name)
      inside = 1
    }
    { name = "" }' "$1"
}

for page in "$@"; do
  new=$(refresh "$page")
  printf '%s\n' "$new" >"$page"
done
