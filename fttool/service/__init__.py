"""fttool's own OpenAI-shaped fine-tuning service: `fttool serve`, and what `--local` starts.

It knows nothing of the client side (`fttool.jobs`): the two meet over HTTP only. `host` runs it, `api` has the routes,
`store` and `blobs` what is kept, `jobs` the queue and the workers, `examples` the training files, `trainers` what
trains, `inference` what answers, `faults` what goes wrong on purpose.
"""
