#!/usr/bin/env bash
# Measures what ledgers take: claims and commits a second from 2, 16 and 64 processes of this machine, in SQLite and in
# a PostgreSQL server that it starts on loopback (synced, as people's servers are). Needs the package postgresql.
#   scripts/bench/ledger.sh [JOBS]      (default: 2000)
# ATTO_BUILD names the build folder (default build/release).
set -euo pipefail
cd "$(dirname "$0")/../.."

jobs=${1:-2000}
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

"${as[@]}" "$programs/initdb" -U atto --auth=trust -E UTF8 --locale=C --no-sync -D "$folder/data" >/dev/null
"${as[@]}" "$programs/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c "port=$port" \
  -c unix_socket_directories= -c max_connections=200 >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" -d postgres -U atto && break
  sleep 0.1
done
for url in "" "postgresql://atto@127.0.0.1:$port/postgres"; do
  for processes in 2 16 64; do
    mkdir "$folder/run"
    printf '%s, ' "$([ -z "$url" ] && echo SQLite || echo PostgreSQL)"
    "$bin/ledger_bench" "$folder/run" "$processes" "$jobs" ${url:+"$url"}
    rm -r "$folder/run"
  done
done
