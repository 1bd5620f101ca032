# Sourced by each suite's `run`. Usage of a run:
#
#   run [--prepare | --quick] BOOTSTRAP [PATTERN...]
#
# Lists, beside the suite's `run`, one test a line, a reason after `#`:
#   expected.txt  passes on Apache Kafka 4.3.1, so it must pass here
#   failing.txt   fails or skips on Apache Kafka; run, but not required
#   quick.txt     a part of expected.txt, under three minutes
# A run takes expected.txt and failing.txt, --quick its own list. PATTERNs (shell globs over test names) narrow
# either of them. --prepare only downloads and builds.
#
# Downloads and builds are kept in TEST_PEERS_HOME (default ~/.cache/logcore-peers), so that a second run is quick.
# Packages come from the registries that the machine's pip, go, npm and apt are configured for.
#
# Sets: here, work (the suite's own directory in that home), kafka (runs Apache Kafka's tools), bootstrap, mode,
# tests (the names to run).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
work=${TEST_PEERS_HOME:-$HOME/.cache/logcore-peers}/suites/$(basename "$here")
kafka=$here/../kafka
mkdir -p "$work/log"

mode=full
case ${1:-} in --prepare | --quick) mode=${1#--}; shift ;; esac
[ "$mode" = prepare ] || { bootstrap=${1:?usage: run [--prepare|--quick] BOOTSTRAP [PATTERN...]}; shift; }

listed() { # NAMES of the given lists, in order, without comments
  local f; for f in "$@"; do [ ! -e "$here/$f" ] || sed 's/[[:space:]][[:space:]]*#.*//; /^$/d' "$here/$f"; done
}
chosen() { # those of stdin that match one of the PATTERNs, all if there are none
  local name pattern
  while read -r name; do
    [ $# -gt 0 ] || echo "$name"
    # shellcheck disable=SC2053
    for pattern in "$@"; do [[ $name != "$pattern" && $name != $pattern ]] || { echo "$name"; break; }; done
  done
}
case $mode in
  full) mapfile -t tests < <(listed expected.txt failing.txt | chosen "$@") ;;
  *) mapfile -t tests < <(listed "$mode.txt" | chosen "$@") ;;
esac
[ "$mode" = prepare ] || [ ${#tests[@]} -gt 0 ] || { echo "no test matches: $*" >&2; exit 2; }

prepared() { # where a run is ready to meet a broker
  [ "$mode" != prepare ] || exit 0
}
debian() { # PROGRAM_OR_FILE PACKAGE...: installs Debian packages unless the program or file is there
  command -v "$1" >/dev/null || [ -e "$1" ] || apt-get install -y -qq "${@:2}" >&2 ||
    { apt-get update -qq && apt-get install -y -qq "${@:2}"; } >&2
}

# Reads `PASS|FAIL|SKIP NAME [detail]` lines and prints them; a chosen test that none of them names has failed.
# The last line is `N passed, N failed, N skipped`; true only if every chosen test that is required passed.
verdict() {
  chosen=$(printf '%s\n' "${tests[@]}") must=$(listed expected.txt) awk '
    function report(result, name, detail) { print result, name, detail; fflush(); seen[name] = result; count[result]++ }
    /^(PASS|FAIL|SKIP) / { result = $1; name = $2; $1 = $2 = ""; sub(/^ +/, ""); report(result, name, $0) }
    END {
      n = split(ENVIRON["must"], list, "\n"); for (i = 1; i <= n; i++) required[list[i]]
      n = split(ENVIRON["chosen"], list, "\n")
      for (i = 1; i <= n; i++) {
        if (!(list[i] in seen)) report("FAIL", list[i], "no result")
        if (list[i] in required && seen[list[i]] != "PASS") bad++
      }
      printf "%d passed, %d failed, %d skipped\n", count["PASS"], count["FAIL"], count["SKIP"]
      exit bad > 0
    }'
}

# COMMAND NAME...: runs COMMAND NAME for each of the names, JOBS of them (default 1) at once.
pooled() {
  local command=$1 name; shift
  for name in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-1}" ]; do wait -n || true; done
    "$command" "$name" &
  done
  wait
}
# For suites written as shell functions: runs the chosen ones, each in a subshell where the first failing command ends
# it, with its output in $work/log/NAME.
run_function() { # NAME
  local rc since=$SECONDS
  set +e; (set -ex; "$1") >"$work/log/$1" 2>&1 </dev/null; rc=$?; set -e
  if [ $rc = 0 ]; then echo "PASS $1 $((SECONDS - since))s"; else echo "FAIL $1 $((SECONDS - since))s, see $work/log/$1"; fi
}
run_functions() { pooled run_function "${tests[@]}"; }
same() { # EXPECTED ACTUAL
  [ "$1" = "$2" ] || { echo "expected: $1"; echo "     got: $2"; return 1; }
}

# For suites that pytest runs: turns what `pytest -v -rpfE -n JOBS` prints into result lines, names without the DIRECTORY before
# them. Taken from the summary at the end, since a test that prints may tear the line that tells of it.
pytest_results() { # DIRECTORY/
  sed -En "s#^(PASS|FAIL|ERROR)(ED)? $1([^ ]*)( - .*)?\$#\1 \3#p; s#^\[gw.*\] SKIPPED $1([^ ]*) *\$#SKIP \1#p" |
    sed 's/^ERROR/FAIL/'
}
python_env() { # PACKAGE...: a virtual environment in $work/venv with these packages, pinned by the caller
  [ "$(cat "$work/venv/packages" 2>/dev/null)" = "$*" ] || {
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install -q "$@" >&2
    echo "$*" >"$work/venv/packages"
  }
}
