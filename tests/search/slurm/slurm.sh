#!/usr/bin/env bash
# A Slurm of its own on the loopback device, as root or not: munge, a controller, and nodes n1 ... on this machine.
#   slurm.sh start DIR [NODES [CPUS [LINE...]]]   LINE: more of slurm.conf; prints what to set SLURM_CONF to
#   slurm.sh node DIR NAME                        starts a node again
#   slurm.sh controller DIR                       starts the controller again
#   slurm.sh stop DIR
# A controller on another machine: ATTO_SLURM_CONTROLLER="HOST ADDRESS HERE COMMAND...", where COMMAND lets a program run
# there and HERE is this machine's address for it.
# DIR/NAME.pid holds the process of munged, slurmctld, slurmd.n1, ... Every wait ends.
set -euo pipefail
action=$1 dir=$2
export SLURM_CONF=$dir/slurm.conf

# Debian: sbin is in the PATH of root alone.
PATH=$PATH:/usr/sbin:/sbin
need() {
  local missing=()
  for program in "$@"; do command -v "$program" >/dev/null || missing+=("$program"); done
  [ ${#missing[@]} -eq 0 ] && return
  echo "slurm.sh: missing: ${missing[*]}; apt-get install --no-install-recommends slurm-wlm slurm-wlm-basic-plugins munge" >&2
  exit 4
}

within() {  # within SECONDS COMMAND...: tries it until it succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -ge $end ] && { echo "slurm.sh: gave up waiting: $*" >&2; return 1; }
    sleep 0.1
  done
}

launch() {  # launch NAME COMMAND...: beside this script, in a group of its own
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/log/$name.out" 2>&1 &
  echo $! >"$dir/$name.pid"
}

read -r ctld_host ctld_address here ctld_command <<<"${ATTO_SLURM_CONTROLLER:-$(hostname -s) 127.0.0.1 127.0.0.1}"
# shellcheck disable=SC2086
start_controller() { launch slurmctld $ctld_command slurmctld -D "$@"; }
start_node() { launch "slurmd.$1" slurmd -D -N "$1"; }
nodes_ready() { [ "$(timeout 10 sinfo --noheader --Node --states=idle --format=%N | sort -u | wc -l)" -eq "$1" ]; }

start() {
  local nodes=${1:-1} cpus=${2:-4}
  shift $(($# < 2 ? $# : 2))
  need munged slurmctld slurmd sinfo sbatch squeue scancel scontrol
  local me host base range=1
  me=$(id -un) host=$(hostname -s)
  # Loopback alone; between machines of a test's own network it would not find the right address.
  local listening='CommunicationParameters=NoCtldInAddrAny,NoInAddrAny'
  [ -z "$ctld_command" ] || listening=
  # Of the ports below those that the kernel gives out, a stretch by chance.
  base=$((10000 + RANDOM % 200 * 100))
  mkdir -p "$dir"/{munge,secret,state,log}
  chmod 700 "$dir/secret"
  chmod 755 "$dir" "$dir/munge"
  for i in $(seq "$nodes"); do mkdir -p "$dir/spool/n$i"; done
  (umask 077 && head -c 128 /dev/urandom >"$dir/secret/key")
  # Where there is no /sys/fs/cgroup, slurmd starts with this plugin alone.
  echo CgroupPlugin=cgroup/v1 >"$dir/cgroup.conf"
  local ports=$((base + 1)) names=n1
  [ "$nodes" -gt 1 ] && names="n[1-$nodes]" ports="[$((base + 1))-$((base + nodes))]"
  cat >"$dir/slurm.conf" <<CONF
ClusterName=atto
SlurmctldHost=$ctld_host($ctld_address)
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=6
CredType=cred/munge
$listening
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SlurmctldPort=$base
SrunPortRange=$((base + 50))-$((base + 99))
SlurmctldPidFile=$dir/run.slurmctld.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdPidFile=$dir/run.slurmd.%n.pid
SlurmdLogFile=$dir/log/slurmd.%n.log
SlurmdSpoolDir=$dir/spool/%n
SlurmdParameters=config_overrides
StateSaveLocation=$dir/state
SlurmdTimeout=10
SlurmctldTimeout=10
MessageTimeout=5
KillWait=5
MinJobAge=300
ReturnToService=2
SlurmctldParameters=preempt_send_user_signal
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,preempt_youngest_first
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
NodeName=$names NodeHostname=$host NodeAddr=$here Port=$ports CPUs=$cpus RealMemory=4000
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=10
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
CONF
  printf '%s\n' "$@" >>"$dir/slurm.conf"
  launch munged munged --foreground --key-file="$dir/secret/key" --socket="$dir/munge/socket" \
    --pid-file="$dir/munge/pid" --log-file="$dir/log/munged.log" --seed-file="$dir/secret/seed"
  within 10 test -S "$dir/munge/socket"
  start_controller -i
  for i in $(seq "$nodes"); do start_node "n$i"; done
  within 30 nodes_ready "$nodes"
  echo "$SLURM_CONF"
}

ends() { ! kill -0 "$1" 2>/dev/null; }

stop() {
  timeout 10 scancel --user="$(id -un)" >/dev/null 2>&1 || true
  timeout 10 scancel --signal=KILL --full --user="$(id -un)" >/dev/null 2>&1 || true
  # Nodes take their jobs down with them; what the others would do first takes seconds, and nobody needs it.
  local process processes=()
  for file in "$dir"/slurmd.*.pid; do
    [ -s "$file" ] || continue
    process=$(cat "$file")
    kill -TERM "$process" 2>/dev/null && processes+=("$process")
  done
  for process in "${processes[@]}"; do
    within 10 ends "$process" 2>/dev/null || kill -KILL "$process" 2>/dev/null || true
  done
  for kind in slurmctld munged; do
    [ ! -s "$dir/$kind.pid" ] || kill -KILL "$(cat "$dir/$kind.pid")" 2>/dev/null || true
  done
}

case $action in
  start)
    trap 'code=$?; [ $code -eq 0 ] || stop; exit $code' EXIT
    start "${@:3}"
    ;;
  node) start_node "$3" ;;
  controller) start_controller ;;
  stop) stop ;;
  *) echo "slurm.sh: start, node, controller or stop" >&2; exit 2 ;;
esac
