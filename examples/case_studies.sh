#!/bin/sh
# The case studies of the legacy guide, with our own data, on fttool's own service: no key, no network, no GPU.
# Usage: case_studies.sh [ads|sentiment|emails|items|all] [FOLDER]
# Writes everything, the service's state too, into FOLDER (default: case_studies). docs/case_studies.md says how to read
# what it shows. SERVICE= MODEL=gpt-4.1-mini-2025-04-14 runs it on the service of your settings (TO='--to chat' for chats).
set -eu

case=${1:-all}
examples=$(cd "$(dirname "$0")" && pwd)
folder=${2:-case_studies}
mkdir -p "$folder"
cd "$folder"
export FTTOOL_STATE_DIR="$PWD/service"
trap 'fttool serve --stop >/dev/null 2>&1 || true' EXIT

service=${SERVICE---local}
model=${MODEL-baseline}
chat=${TO-}

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
prepare() { run prepare_data "$@" --yes --force $chat; }
train() { run create -m "$model" --seed 1 $service --quiet "$@"; }

ads() {
    step "1. Is the ad true? Two classes, and a positive one: the product supports the ad."
    cp "$examples/ads.csv" "$examples/ads_valid.csv" .
    prepare ads.csv -v ads_valid.csv --completion-column supported -o ads.jsonl \
        --prompt-template 'Company: {company}\nProduct: {product}\nAd: {ad}\nSupported:'
    ads=$(train -t ads_train.jsonl -v ads_valid.jsonl --suffix ads --n_epochs 4 --batch_size 8 \
        --compute_classification_metrics --classification_positive_class ' yes' --classification_betas 0.5)
    run results $service -o ads_results.csv --force
    run evaluate "$ads" -f ads_valid.jsonl --positive-class yes --beta 0.5 --csv ads_metrics.csv --force $service
}

sentiment() {
    step "2. Like or dislike? One token is asked for, and its log-probabilities say how sure the model is."
    cp "$examples/sentiment.csv" .
    prepare sentiment.csv --prompt-column text --completion-column label --valid-fraction 0.3 -o sentiment.jsonl
    once=$(train -t sentiment_train.jsonl --suffix once --n_epochs 1 --batch_size 8)
    often=$(train -t sentiment_train.jsonl --suffix often --n_epochs 8 --batch_size 8)
    prompt='The soup was cold and nobody said sorry. ->'
    run complete "$prompt" -m "$once" --max-tokens 1 --temperature 0 --logprobs 2 $service
    run compare "$once" "$often" -f sentiment_valid.jsonl --positive-class positive --html sentiment.html --force $service
}

emails() {
    step "3. Which desk answers? Twelve classes that are numbers."
    cp "$examples/emails.csv" .
    prepare emails.csv --completion-column category --valid-fraction 0.3 -o emails.jsonl \
        --prompt-template 'Subject: {subject}\n{body}'
    emails=$(train -t emails_train.jsonl -v emails_valid.jsonl --suffix emails --n_epochs 4 --batch_size 8)
    run evaluate "$emails" -f emails_valid.jsonl $service
}

items() {
    step "4. From facts to a description: free text, which ends with a stop sequence."
    cp "$examples/items.csv" "$examples/facts.py" .
    prepare items.csv --completion-column description --split --valid-fraction 0.3 -o items.jsonl \
        --prompt-template 'Item={item}, material={material}, size={size}, price={price} euros, {feature}'
    items=$(train -t items_train.jsonl -v items_valid.jsonl --suffix items --n_epochs 4)
    prompt='Item=kettle, material=copper, size=1 litre, price=75 euros, whistles ->'
    run complete "$prompt" -m "$items" --max-tokens 60 --temperature 0 --stop '\n' $service
    run evaluate "$items" -f items_valid.jsonl --metric facts.py:numbers $service
}

case $case in
    ads | sentiment | emails | items) "$case" ;;
    all) ads && sentiment && emails && items ;;
    *) echo "usage: case_studies.sh [ads|sentiment|emails|items|all] [FOLDER]" >&2 && exit 2 ;;
esac
