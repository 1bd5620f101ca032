# Sourced after common.sh by the suites that are a Go module's own tests.

go_source() { # MODULE VERSION: a writable copy of the module at $work/VERSION
  src=$work/$2
  [ ! -d "$src" ] || return 0
  local dir; dir=$(cd "$work" && go mod download -json "$1@$2" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  rm -rf "$src.part"; cp -r "$dir" "$src.part"; chmod -R u+w "$src.part"; mv "$src.part" "$src"
}
go_build() { # PACKAGE [BUILD_FLAG...]: compiles the package's tests into one program
  package=$src/$1; shift
  (cd "$package" && go test -c -vet=off -o "$work/tests" "$@" .) >&2
}

# Runs the chosen top-level tests, each in a process of its own, so that a hang (TEST_TIMEOUT, default 120 s) or a panic
# costs one test. Prints a result line per test and subtest.
# first[TEST], where set, names a test to run before TEST in the same process, for a TEST that relies on what it sets up.
declare -A first=()
go_test() { # TEST
  (cd "$package" && timeout -k 5 "${TEST_TIMEOUT:-120}" "$work/tests" -test.v -test.count=1 \
    -test.run "^(${first[$1]:-$1}|$1)\$") >"$work/log/$1" 2>&1 </dev/null || true
  sed -n 's/^ *--- \(PASS\|FAIL\|SKIP\): \([^ ]*\) (\(.*\))$/\1 \2 \3/p' "$work/log/$1" |
    awk -v top="$1" '$2 == top || index($2, top "/") == 1' # not those of first[TOP]
}
go_tests() {
  local tops; mapfile -t tops < <(printf '%s\n' "${tests[@]}" | cut -d/ -f1 | awk '!seen[$0]++')
  pooled go_test "${tops[@]}"
}
