# What scripts of several stages share; to be sourced. The script has set root, datasets and stages (words, the first data
# set is the default) and has its usage in the comment at its head.

# read_stages WORD...: reads the script's own words into dataset, stages, cost and smoke.
read_stages() {
  local all=$stages
  dataset=${datasets%% *} cost="" smoke=""
  while [ $# -gt 0 ]; do
    case $1 in
      --dataset) dataset=${2:?} && shift ;;
      --stage) stages=${2:?} && shift ;;
      --cost) cost=--dry-run ;;
      --smoke) smoke=${2:?} && shift ;;
      *) sed -n '2,/^[^#]/s/^# //p' "$0" >&2 && exit 2 ;;
    esac
    shift
  done
  expect_among --dataset "$dataset" "$datasets"
  local stage
  for stage in $stages; do expect_among --stage "$stage" "$all"; done
}

# expect_among OPTION WORD WORDS
expect_among() {
  [[ " $3 " == *" $2 "* ]] && return
  local words=${3// /, }
  echo "$1 must be one of $words; got $2" >&2
  exit 2
}

# list NAME [OPTION...]: does the trainings of a list, or says what they take.
list() {
  local name=$1 code=0  # 1: some diverged, which the table tells
  nice "$atto" train "$name.json" --out "$name" "${@:2}" $cost || code=$?
  [ $code -le 1 ] || exit $code
}

# campaign SPEC FOLDER: searches, or goes on; or says what it takes.
campaign() {
  if [ -n "$cost" ]; then
    "$atto" search "$1" --out "$2" --dry-run
    return
  fi
  local code=0  # 1: no winner was trained in full, which is left to a later stage
  if [ -e "$2/ledger.db" ]; then
    nice "$atto" resume "$2" || code=$?
  else
    nice "$atto" search "$1" --out "$2" --workers "${WORKERS:-1}" || code=$?
  fi
  [ $code -le 1 ] || exit $code
}

# run_stages: each stage is a function of that name; export's is export_all.
run_stages() {
  local stage start
  for stage in $stages; do
    start=$SECONDS
    case $stage in
      export) export_all ;;
      *) $stage ;;
    esac
    echo "== $stage: $((SECONDS - start)) s"
  done
}
