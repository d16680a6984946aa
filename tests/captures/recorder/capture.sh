# shellcheck shell=bash
# One capture file from one run of initiators.

# capture NAME PORT COMMAND...: runs the command and stores the traffic of the TCP port as NAME.pcap.
#
# The command may fail, because a refused login is a useful capture. dumpcap reports that it listens before it does, and
# writes in bursts, so the beginning and the end are marked by datagrams, which tshark then removes.
capture() {
  local name=$1 port=$2 raw=$work/raw.pcap pid
  shift 2
  echo "--- $name" >&2
  rm -f "$raw"
  start "$work/dumpcap.log" dumpcap -q -P -B 64 -i lo -f "tcp port $port or udp port $port" -w "$raw"
  pid=$started
  until_true 20 mark begin "$port" "$raw"
  "$@" >"$work/$name.log" 2>&1 || echo "    ended with status $?" >&2
  until_true 10 no_connection "$port" || true
  until_true 20 mark end "$port" "$raw"
  end "$pid"
  tshark -r "$raw" -Y tcp -F pcap -w "$here/$name.pcap" 2>/dev/null
}

# mark WORD PORT FILE: succeeds once the word has arrived in the file.
mark() {
  echo "mark $1" >"/dev/udp/127.0.0.1/$2"
  grep -aq "mark $1" "$3"
}

# no_connection PORT: succeeds once both sides have closed what they had open.
no_connection() { [ -z "$(ss -Htn exclude time-wait exclude listening "sport = :$1 or dport = :$1")" ]; }
