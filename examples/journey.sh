#!/bin/sh
# From a spreadsheet to a fine-tuned model and back, on fttool's own service: no key, no network, no GPU.
# Usage: journey.sh [FOLDER]     writes everything, the service's state too, into FOLDER (default: journey).
set -eu

examples=$(cd "$(dirname "$0")" && pwd)
folder=${1:-journey}
mkdir -p "$folder"
cd "$folder"
export FTTOOL_STATE_DIR="$PWD/service"
trap 'fttool serve --stop >/dev/null 2>&1 || true' EXIT

step() { printf '\n# %s\n' "$*" >&2; }
run() {
    printf '$ fttool' >&2
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=,-]*) printf " '%s'" "$word" >&2 ;;
            *) printf ' %s' "$word" >&2 ;;
        esac
    done
    printf '\n' >&2
    fttool "$@"
}

step "145 messages to a bicycle hire service, and the team that answers each. Check, mend, split:"
cp "$examples/people.csv" "$examples/questions.jsonl" .
run prepare_data people.csv --yes -o people.jsonl --force

step "Train on it, and follow the job until its model is there:"
job=$(run create -t people_train.jsonl -v people_valid.jsonl --suffix desk --n_epochs 8 --batch_size 32 --local \
    --no-follow --quiet)
run follow "$job" --local
model=$(fttool follow "$job" --local --quiet)

step "What did the job do?"
run list --local
run results --local -o metrics.csv --force

step "Use the model: one token is the label; here are the likelier ones and their probabilities."
run complete 'I was charged twice for one ride. ->' -m "$model" --max-tokens 1 --temperature 0 --logprobs 4 --local

step "Questions and answers work as well, here as messages of a chat:"
run prepare_data questions.jsonl --prompt-column question --completion-column answer --to chat --yes \
    -o questions_chat.jsonl --force --paths-only
chat_model=$(run create -t questions_chat.jsonl --suffix faq --local --quiet)
run chat 'How old must I be to hire a bike?' -m "$chat_model" --temperature 0 --local

step "What is no longer needed goes:"
run delete "$model" "$chat_model" --yes --local
