# shellcheck shell=bash
# Child processes that serve until they are ended by their process id.

# start LOG COMMAND...: starts a daemon; its id is in $started.
start() {
  local log=$1
  shift
  "$@" </dev/null >"$log" 2>&1 &
  started=$!
  daemons+=("$started")
}

# end PID: sends INT, waits, sends KILL. tgtd has to be killed, because it ignores every other signal.
end() {
  local pid=$1 tries
  kill -INT "$pid" 2>/dev/null || return 0
  for ((tries = 0; tries < 20; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

# until_true SECONDS COMMAND...: repeats the command until it succeeds.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "timed out: $*" >&2 && return 1; }
    sleep 0.1
  done
}

# Prints a free loopback port that is followed by $1 more free ports.
free_ports() {
  local first offset
  while :; do
    first=$((20000 + RANDOM % 12000))
    for ((offset = 0; offset <= ${1:-0}; offset++)); do
      (exec 3<>"/dev/tcp/127.0.0.1/$((first + offset))") 2>/dev/null && continue 2
    done
    echo "$first" && return
  done
}
