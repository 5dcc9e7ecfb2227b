"""Where each rule comes from. Nothing is claimed that was not read there; the rest is this tool's own judgement."""

from __future__ import annotations

_GUIDES = "https://developers.openai.com/api/docs/guides"
DPO = f"OpenAI's guide on [direct preference optimization]({_GUIDES}/direct-preference-optimization)"
RFT = f"OpenAI's guide on [reinforcement fine-tuning]({_GUIDES}/reinforcement-fine-tuning)"
VISION = f"OpenAI's guide on [vision fine-tuning]({_GUIDES}/vision-fine-tuning)"
SFT = f"OpenAI's guide on [supervised fine-tuning]({_GUIDES}/supervised-fine-tuning)"
GRADERS = f"OpenAI's guide on [graders]({_GUIDES}/graders)"
_OPENAPI = "OpenAI's [OpenAPI document](https://github.com/openai/openai-openapi)"
API = f"{_OPENAPI} of the chat API"
_FACTORY = (
    "the [description of data sets](https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md) of LLaMA-Factory"
)
LEGACY = "the legacy tool (`openai tools fine_tunes.prepare_data`)"
GUIDE = "OpenAI's legacy fine-tuning guide"
OWN = "this tool's own judgement"

SOURCES = {
    "few-examples": f"fewer than 10: {SFT}; fewer than 100: {LEGACY}",
    "file-size": f"{_OPENAPI}, uploads in parts: 8 GB; other services as [jobs.md](jobs.md#services) has it",
    "model-shape": f"{SFT} for chats, {GUIDE} for prompts and completions",
    "converted": f"{_FACTORY} for Alpaca and ShareGPT; {SFT} and {DPO} for what services take",
    "cannot-convert": OWN,
    "column-case": LEGACY,
    "extra-columns": LEGACY,
    "missing-prompt": f"{OWN} ({LEGACY} wrote the word `None`)",
    "value-type": f"{GUIDE}: prompt and completion are texts",
    "empty-completion": f"{LEGACY}; that white space counts as nothing is {OWN}",
    "empty-prompt": OWN,
    "chat-messages": f"{API}; that 2,048 messages are the most, {OWN}",
    "unknown-key": f"the keys are those of {API}; that others are reported, {OWN}",
    "null-key": f"{API}: these keys may be left out, but are not nullable",
    "chat-role": API,
    "chat-role-case": API,
    "chat-content": f"{API}; that an assistant message of white space is one, {OWN}",
    "empty-content": OWN,
    "chat-name": "the pattern in the error that OpenAI's chat API answers: `^[^\\s<|\\\\/>]+$`",
    "chat-weight": f"{_OPENAPI}, the assistant message of a fine-tuning example: `weight` is 0 or 1",
    "chat-order": OWN,
    "chat-turns": "microsoft-foundry/fine-tuning issue 23: Azure refuses them as an invalid schema",
    "chat-last": "kohhnagata/clone-factory-v1 issue 3: OpenAI refuses them; LLM Foundry has the same rule",
    "chat-no-answer": f"{SFT}: the assistant's messages are what is learned",
    "chat-surrogate": "RFC 3629 (UTF-8), section 3: no code points U+D800 to U+DFFF",
    "content-part": API,
    "part-not-trained": f"{SFT} and {VISION} know texts and images only; {OWN}",
    "image-role": f"{VISION}: not from the assistant; {API}: image parts in user messages only",
    "image-url": f"{VISION}: HTTP URLs, or data URLs in base64",
    "image-format": f"{VISION}: JPEG, PNG or WEBP",
    "image-size": f"{VISION}: 10 MB",
    "image-count": f"{VISION}: 10 images an example",
    "image-examples": f"{VISION}: 50,000 examples with images",
    "tool-definition": API,
    "tool-schema": f"{API}: the parameters are a JSON Schema object",
    "tool-duplicate": OWN,
    "tool-legacy": f"{API}: `functions` and `function_call` are deprecated",
    "tool-call": API,
    "tool-undeclared": OWN,
    "tool-arguments": f"{API}: a string, in JSON; that it must be an object, {OWN}",
    "tool-arguments-encoding": f"{API}: a string, in JSON",
    "tool-arguments-schema": f"JSON Schema, draft 2020-12; that arguments must fit, {OWN}",
    "tool-answer": f"{API}: `tool_call_id` is required, and names a call",
    "tool-unanswered": OWN,
    "tool-call-id": OWN,
    "parallel-tool-calls": f"{API}: true or false",
    "parallel-calls-off": OWN,
    "preference-input": DPO,
    "preference-output": f"{DPO}: one turn, the last assistant message",
    "preference-text": f"{DPO}: text inputs and outputs only",
    "preference-same": OWN,
    "reinforcement-last": RFT,
    "reference-missing": OWN,
    "reference-uniform": OWN,
    "grader-field": f"{GRADERS}: `{{{{ item.… }}}}` is a field of the row",
    "lone-surrogate": "RFC 3629 (UTF-8), section 3: no code points U+D800 to U+DFFF",
    "control-characters": OWN,
    "mojibake": OWN,
    "invisible-characters": f"Unicode Technical Standard 39 and CVE-2021-42574 name them; {OWN}",
    "other-script": OWN,
    "special-token": f"the tokens are those of tiktoken's encodings and of the chat formats of Llama and Qwen; {OWN}",
    "secret": f"the forms are those that the issuers' keys have, as secret scanners use them; {OWN}",
    "cut-off": OWN,
    "edge-space": OWN,
    "upper-case-prompt": LEGACY,
    "upper-case-completion": LEGACY,
    "duplicate-rows": LEGACY,
    "prompt-conflict": OWN,
    "leakage": OWN,
    "near-leakage": OWN,
    "over-long": LEGACY,
    "identical-texts": LEGACY,
    "separator-inside": OWN,
    "prompt-separator": f"{LEGACY}; {GUIDE}",
    "prompt-prefix": LEGACY,
    "completion-prefix": LEGACY,
    "stop-sequence": f"{LEGACY}; {GUIDE}",
    "leading-space": f"{LEGACY}; {GUIDE}",
    "small-classes": f"{GUIDE}: at least about 100 examples a class",
    "class-balance": OWN,
    "first-token": f"{GUIDE}: classes that differ in their first token",
}
