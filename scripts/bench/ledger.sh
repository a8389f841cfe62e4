#!/usr/bin/env bash
# Measures what ledgers take, in SQLite and in a PostgreSQL server that it starts on loopback (synced, as people's
# servers are). Needs the package postgresql. ATTO_BUILD names the build folder (default build/release).
#   scripts/bench/ledger.sh [JOBS]               claims and commits a second from 2, 16 and 64 processes (default: 2000
#                                                jobs), and CPU-seconds of each
#   scripts/bench/ledger.sh load [SECONDS [WORKERS]...]  what so many workers ask whose trials take a minute, a
#                                                connection each of the first number (default: 600 s; 1000 and 4000)
#   scripts/bench/ledger.sh simulate [SECONDS]   the same of 1,250 to 20,000 workers over 250 connections, until claims
#                                                take longer than a second (default: 60 s each)
set -euo pipefail
cd "$(dirname "$0")/../.."

what=${1:-2000}
bin=$(scripts/bench/build.sh ledger_bench atto_postgresql)/bin
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
folder=$(mktemp -d)
chmod 777 "$folder"
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
server=
cleanup() {
  [ -z "$server" ] || { kill -INT "$server"; wait "$server" || true; }
  rm -rf "$folder"
}
trap cleanup EXIT
ulimit -n "$(ulimit -Hn)"

"${as[@]}" "$programs/initdb" -U atto --auth=trust -E UTF8 --locale=C --no-sync -D "$folder/data" >/dev/null
"${as[@]}" "$programs/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c "port=$port" \
  -c unix_socket_directories= -c max_connections=1100 >"$folder/server.log" 2>&1 &
server=$!
url="postgresql://atto@127.0.0.1:$port/postgres"
for _ in $(seq 100); do
  "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" -d postgres -U atto && break
  sleep 0.1
done
run() {
  mkdir "$folder/run"
  "$bin/ledger_bench" "$1" "$folder/run" "${@:2}" && ended=0 || ended=$?
  rm -r "$folder/run"
  return "$ended"
}
echo "load $(cut -d' ' -f1 /proc/loadavg), $(nproc) cores"
case $what in
  load)
    seconds=${2:-600}
    workers=("${@:3}")
    [ ${#workers[@]} -gt 0 ] || workers=(1000 4000)
    for count in "${workers[@]}"; do run load "${workers[0]}" "$count" "$seconds" "$url" "$server"; done
    ;;
  simulate)
    for count in 1250 2500 5000 10000 20000; do run load 250 "$count" "${2:-60}" "$url" "$server"; done
    ;;
  *)
    for place in "" "$url"; do
      for processes in 2 16 64; do
        printf '%s, ' "$([ -z "$place" ] && echo SQLite || echo PostgreSQL)"
        run rates "$processes" "$what" "$place" "$([ -z "$place" ] && echo 0 || echo "$server")"
      done
    done
    ;;
esac
