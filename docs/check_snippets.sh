#!/usr/bin/env bash
# check_snippets.sh [ROOT]: code that is not executed does not appear in the documentation.
#
# A fenced block of C++ or shell in README.md or docs/**/*.md must follow a line
#   <!-- example: NAME.EXT -->           and stand, line by line, in docs/examples/NAME.EXT, or
#   <!-- not executed: REASON -->        which is meant for installation commands.
# A fenced block of any other language is checked too if it follows an example line.
set -euo pipefail

root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
examples=$root/docs/examples
failures=0
blocks=0

complain() {  # FILE LINE MESSAGE
  echo "${1#"$root"/}:$2: $3"
  failures=$((failures + 1))
}

check_block() {  # FILE LINE LANGUAGE MARK TEXT
  local file=$1 line=$2 language=$3 mark=$4 text=$5
  if [[ $mark =~ ^\<!--\ example:\ ([^ ]+)\ --\>$ ]]; then
    local name=${BASH_REMATCH[1]}
    blocks=$((blocks + 1))
    if [[ ! -f $examples/$name ]]; then
      complain "$file" "$line" "there is no docs/examples/$name"
    elif [[ $'\n'$(<"$examples/$name")$'\n' != *$'\n'"$text"* ]]; then
      complain "$file" "$line" "this block is not in docs/examples/$name"
    fi
  elif [[ $mark =~ ^\<!--\ not\ executed:\ .+--\>$ ]]; then
    return
  elif [[ $language =~ ^(cpp|c\+\+|console|sh|bash|shell)$ ]]; then
    complain "$file" "$line" "a $language block needs '<!-- example: NAME -->' on the line above"
  fi
}

check_file() {  # FILE
  local file=$1 line number=0 mark='' start=0 language text
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    if ((start > 0)); then
      if [[ $line =~ ^[[:space:]]*\`\`\`[[:space:]]*$ ]]; then
        check_block "$file" "$start" "$language" "$mark" "$text"
        start=0
        mark=''
      else
        text+=$line$'\n'
      fi
    elif [[ $line =~ ^[[:space:]]*\`\`\`([^[:space:]\`]*) ]]; then
      start=$number
      language=${BASH_REMATCH[1]}
      text=''
    elif [[ -n $line ]]; then
      mark=$line
    fi
  done <"$file"
  if ((start > 0)); then
    complain "$file" "$start" "this block has no end"
  fi
}

while IFS= read -r -d '' file; do
  check_file "$file"
done < <(find "$root/README.md" "$root/docs" -name '*.md' -print0 | sort -z)

echo "$blocks blocks found in docs/examples, $failures complaints"
((failures == 0))
