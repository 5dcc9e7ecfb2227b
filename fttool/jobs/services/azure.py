"""Azure OpenAI, v1 endpoint (`https://RESOURCE.openai.azure.com/openai/v1/`). Source: its v1 document and guides."""

from __future__ import annotations

from fttool.jobs.services.base import MB, Service

SERVICE = Service(
    name="azure",
    title="Azure OpenAI",
    checked="documentation",
    checked_on="2026-11-21",
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
    extra_parameters=("trainingType",),
    suffix_pattern=r"[A-Za-z0-9_-]*",
    suffix_length=40,
    metadata_filter=False,
    file_limit=512 * MB - 1,
    parts=False,
    byte_order_mark=True,
    images=64,
    expires_after_required=True,
    files_paged=False,
    statuses=("pending", "pausing", "resuming"),
    poll=10.0,
    deploy=(
        "the model answers only after it is deployed, and is then called by the name of the deployment: "
        "`az cognitiveservices account deployment create --resource-group GROUP --name RESOURCE "
        "--deployment-name NAME --model-name {model} --model-version 1 --model-format OpenAI "
        "--sku-name Standard --sku-capacity 1`"
    ),
    deviations=(
        "training files begin with a byte-order mark",
        "`trainingType` says where it trains, and what that costs",
        "metrics events lack `total_steps`",
        "`result_files`, `integrations` and `organization_id` may be null; hyperparameters that are `auto` are -1",
        "fine-tuned models have no `ft:` in their name",
    ),
)
