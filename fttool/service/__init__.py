"""fttool's own OpenAI-shaped fine-tuning service: `fttool serve`, and what `--local` starts.

It knows nothing of the client side (`fttool.jobs`): the two meet over HTTP only. `app` has the routes, `store` what is
kept, `queue` and `worker` the training, `daemon` the start on demand.
"""
