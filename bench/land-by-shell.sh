#!/bin/sh
# What `bench/landing.ts` compares the yard with: the same backlog, landed by a plain shell script.
#
#   sh land-by-shell.sh REPOSITORY WORK TASKS JOBS all|least
#
# all    does what the yard does to a task: an isolated clone, the edit, a commit, the gate in a clean checkout of it;
#        then, one task at a time, a merge in memory, the gate in a clean checkout of the combination, the transfer into
#        the repository, and a compare-and-swap of the target there.
# least  leaves out all that can be left out: the gate runs once, in the agent's own clone, nothing tests the
#        combination, and the target is a branch of the bare repository.
#
# Every git here syncs as the yard's depot does. Nothing is recorded, nothing survives a kill, nothing is cleaned up that
# an agent may have left running, no agent is kept from another's files.
set -eu

repository=$1
work=$2
tasks=$3
jobs=$4
mode=$5
target=refs/heads/agent/integration
depot=$work/depot.git
gate=true

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Shell GIT_AUTHOR_EMAIL=shell@localhost GIT_COMMITTER_NAME=Shell GIT_COMMITTER_EMAIL=shell@localhost
export GIT_CONFIG_COUNT=4
export GIT_CONFIG_KEY_0=core.fsync GIT_CONFIG_VALUE_0=all
export GIT_CONFIG_KEY_1=core.fsyncMethod GIT_CONFIG_VALUE_1=fsync
export GIT_CONFIG_KEY_2=gc.auto GIT_CONFIG_VALUE_2=0
export GIT_CONFIG_KEY_3=advice.detachedHead GIT_CONFIG_VALUE_3=false

# The gate in a clean checkout of a commit, in one of the pooled directories.
gate_clean() {
  slot=$1
  commit=$2
  mkdir -p "$slot"
  GIT_INDEX_FILE=$slot.index GIT_WORK_TREE=$slot git --git-dir="$depot" read-tree --reset -u "$commit"
  (cd "$slot" && sh -c "$gate")
}

if [ $# -eq 5 ]; then
  git init --quiet --bare "$depot"
  git -C "$depot" fetch --quiet "$repository" "HEAD:$target"
  [ "$mode" = least ] || git -C "$repository" update-ref "$target" HEAD
  mkdir "$work/lanes" "$work/slots"
  seq -f 'TASK-%04g' "$tasks" | xargs -P "$jobs" -I '{}' sh "$0" "$@" '{}'
  exit
fi

export YARD_TASK_ID="$6"
task=$6
lane=$work/lanes/$task
base=$(git -C "$depot" rev-parse "$target")
git clone --quiet --shared --no-checkout "$depot" "$lane" 2> "$lane.log"
git -C "$lane" checkout --quiet -b "yard/$task" "$base"
(cd "$lane" && sh -c "$BENCH_AGENT")
git -C "$lane" add --all
git -C "$lane" commit --quiet --message "$task"
git -C "$depot" fetch --quiet "$lane" "yard/$task:refs/yard/attempt/$task"
head=$(git -C "$depot" rev-parse "refs/yard/attempt/$task")
if [ "$mode" = least ]; then
  (cd "$lane" && sh -c "$gate")
else
  gate_clean "$work/slots/$task" "$head"
fi

exec 9> "$work/lock"
flock 9
old=$(git -C "$depot" rev-parse "$target")
tree=$(git -C "$depot" merge-tree --write-tree "$old" "$head")
new=$(git -C "$depot" commit-tree -p "$old" -p "$head" -m "$task" "$tree")
if [ "$mode" != least ]; then
  gate_clean "$work/slots/train" "$new"
  git -C "$repository" fetch --quiet "$depot" "$new"
  git -C "$repository" update-ref "$target" "$new" "$old"
fi
git -C "$depot" update-ref "$target" "$new" "$old"
flock -u 9
rm -rf "$lane"
