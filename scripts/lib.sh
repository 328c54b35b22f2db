# Shared by the scripts beside it; sourced, not run.

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

# The first Python >= 3.11 of PYTHON, python3.13 .. python3.
find_python() {
  for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "mcpgw: no Python >= 3.11 with venv and pip was found" >&2
  echo "  next: install one (Debian: apt install python3 python3-venv), or name it: PYTHON=/path/to/python3.12 $0" >&2
  exit 6
}

# once NAME INPUT... -- COMMAND...: runs the command unless it succeeded before with the same input files.
once() {
  local stamp="$parts/.done-$1" inputs=()
  shift
  while [ "$1" != "--" ]; do inputs+=("$1"); shift; done
  shift
  local now
  now=$(cat "${inputs[@]}" | cksum)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then return; fi
  "$@" || return 1
  echo "$now" >"$stamp"
}
