# From a spreadsheet to a fine-tuned model, file by file. What is there already is not made again: no second job.
#
#   make -f train.mk                       on fttool's own service: no key, no network
#   make -f train.mk DATA=my.csv           your own examples
#   make -f train.mk DATA=faq.xlsx PREPARE='--prompt-column question --completion-column answer'
#                                          the options of prepare_data; OPTIONS has those of create
#   make -f train.mk MODEL=gpt-4.1-mini-2025-04-14 SERVICE=
#                                          on the service and with the key of your settings (`fttool config show`)
#   make -f train.mk delete                delete the model on the service, and all that was made here
#
# Whatever cuts it off, run it again: it goes on where it was. After a job that failed, remove build/job.

DATA    ?= people.csv
MODEL   ?= baseline
SERVICE ?= --local
PREPARE ?=
OPTIONS ?=
OUT     ?= build

.DELETE_ON_ERROR:
.PHONY: all try delete

all: $(OUT)/results.csv $(OUT)/model
	@echo "model: $$(cat $(OUT)/model)"

$(OUT)/data_train.jsonl: $(DATA)
	@mkdir -p $(OUT)
	fttool prepare_data $(DATA) $(PREPARE) --yes --split -o $(OUT)/data.jsonl --force --paths-only

$(OUT)/data_valid.jsonl: $(OUT)/data_train.jsonl ;

# -q prints the id of the job and nothing else.
$(OUT)/job: $(OUT)/data_train.jsonl $(OUT)/data_valid.jsonl
	fttool create -t $(OUT)/data_train.jsonl -v $(OUT)/data_valid.jsonl -m $(MODEL) $(OPTIONS) $(SERVICE) \
	  --no-follow -q > $@

# The first shows how it goes and fails if the job does; the second has the name alone.
$(OUT)/model: $(OUT)/job
	fttool follow "$$(cat $(OUT)/job)" $(SERVICE)
	@fttool follow "$$(cat $(OUT)/job)" $(SERVICE) -q > $@

$(OUT)/results.csv: $(OUT)/model
	fttool results "$$(cat $(OUT)/job)" $(SERVICE) -o $@ --force

try: $(OUT)/model
	fttool complete -f $(OUT)/data_valid.jsonl -m "$$(cat $(OUT)/model)" --temperature 0 $(SERVICE)

delete: $(OUT)/model
	fttool delete "$$(cat $(OUT)/model)" --yes $(SERVICE)
	rm -r $(OUT)
