"""For each check of chats, tools, images, preferences and prompts for reinforcement: why it matters, and an example."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from check_example import Example, lines

Row = dict[str, Any]


def said(role: str, content: Any, **more: Any) -> Row:
    """A message."""
    return {"role": role, "content": content, **more}


def chat(*messages: Row, **more: Any) -> Row:
    """A conversation."""
    return {"messages": list(messages), **more}


def shown(url: Any) -> Row:
    """A conversation about a picture."""
    picture = {"type": "image_url", "image_url": url if url is None else {"url": url}}
    return chat(said("user", [{"type": "text", "text": "What is this?"}, picture]), said("assistant", "A loaf."))


HI, HELLO = said("user", "Hi"), said("assistant", "Hello!")
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def tool(**function: Any) -> Row:
    """A tool that tells the weather."""
    return {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS, **function}}


def call(arguments: Any = '{"city": "Oslo"}', name: str = "get_weather", **more: Any) -> Row:
    """A call of it."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}, **more}


ASKED = said("user", "How cold is it in Oslo?")
ANSWERED = said("tool", "4 °C", tool_call_id="call_1")


def calling(*calls: Row, then: tuple[Row, ...] = (ANSWERED, said("assistant", "It is 4 °C.")), **more: Any) -> str:
    """A row in which the tool is called."""
    return lines(chat(ASKED, said("assistant", None, tool_calls=list(calls)), *then, **{"tools": [tool()], **more}))


def defining(*tools: Any) -> str:
    """A row that only defines tools."""
    return lines(chat(HI, HELLO, tools=list(tools)))


def preference(asked: Any, better: Any, worse: Any) -> str:
    """A row of a preference."""
    return lines({"input": asked, "preferred_output": better, "non_preferred_output": worse})


OPEN = chat(said("user", "Are you open?"))
BETTER, WORSE = [said("assistant", "Yes, until six.")], [said("assistant", "No idea.")]

EXAMPLES = {
    "chat-messages": Example(
        "A conversation is a list of messages, each an object with a role and a content. At most 2,048 are taken.",
        lines({"messages": []}),
    ),
    "unknown-key": Example(
        "Usually a key is misspelt, or was left by the program that exported the data. A service may refuse it or pass "
        "over it. The nearest key that is known is named. Prompts for reinforcement may have keys of their own.",
        lines(chat(HI, said("assistant", "Hello!", weigth=1), id=17)),
    ),
    "null-key": Example(
        "Programs that write every field leave nulls. `name`, `weight`, `tool_calls`, `tool_call_id`, `tools`, "
        "`functions`, `parallel_tool_calls`, a tool's `description` and `parameters`, and an image's `detail` are left "
        "out instead; `content` (beside calls), `refusal`, `audio` and `function_call` may be null.",
        lines(chat(said("user", "Hi", name=None), said("assistant", "Hello!", tool_calls=None), tools=None)),
    ),
    "chat-role": Example(
        "Services know the roles system, developer, user, assistant and tool, and refuse a file with any other.",
        lines(chat(said("human", "Hi"), HELLO)),
    ),
    "chat-role-case": Example(
        "Services want roles to the letter; what is meant is plain.",
        lines(chat(said("User", "Hi"), said("ASSISTANT", "Hello!"))),
    ),
    "chat-content": Example(
        "A message without content teaches nothing, and services refuse it. An assistant message that calls a tool or "
        "refuses needs none.",
        lines(chat(HI, said("assistant", ""))),
    ),
    "empty-content": Example(
        "Services take it, but it was hardly meant. Answers of tools may be empty.",
        lines(chat(said("system", ""), HI, HELLO)),
    ),
    "chat-name": Example(
        "A name tells apart who speaks in one role. White space and `< > | \\ /` are refused.",
        lines(chat(said("user", "Hi", name="Ann Smith"), HELLO)),
    ),
    "chat-weight": Example(
        "`weight` 0 keeps an assistant message out of what is learned, 1 is the default. Other messages have none.",
        lines(chat(said("user", "Hi", weight=1), said("assistant", "Hello!", weight=0.5))),
    ),
    "chat-order": Example(
        "Models expect one system (or developer) message, in the first place. In preferences, the outputs should "
        "answer the last message of the input.",
        lines(chat(HI, said("system", "Be brief."), HELLO)),
    ),
    "chat-turns": Example(
        "Some services refuse it. Where both are to be learned, put their texts into one message, or say what the "
        "user said between them; a call of a tool is answered by a tool message.",
        lines(chat(HI, HELLO, said("assistant", "How can I help?"))),
    ),
    "chat-last": Example(
        "A question at the end is trained on by no one, and services refuse it. Leave it out, or answer it.",
        lines(chat(HI, HELLO, said("user", "Are you there?"))),
    ),
    "chat-no-answer": Example(
        "A model learns from the assistant messages alone, and not from those of weight 0.",
        lines(chat(HI)),
    ),
    "chat-surrogate": Example(
        "The rest of the character was lost when a text was cut by length. No UTF-8 file can hold half of one.",
        r'{"messages": [{"role": "user", "content": "Hi \ud83d"}, {"role": "assistant", "content": "Hello!"}]}',
    ),
    "content-part": Example(
        "A content may be a list of parts: `text`, `image_url` (user), `refusal` (assistant).",
        lines(chat(said("user", [{"type": "input_text", "text": "Hi"}]), HELLO)),
    ),
    "part-not-trained": Example(
        "The chat API takes sound and files; its fine-tuning does not train on them.",
        lines(
            chat(said("user", [{"type": "file", "file": {"file_id": "file-abc"}}]), said("assistant", "A price list."))
        ),
    ),
    "image-role": Example(
        "Models see images, they do not make them: only users send them.",
        lines(
            chat(
                said("user", "Draw a loaf."),
                said("assistant", [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
            )
        ),
    ),
    "image-url": Example(
        "A service fetches the image from an `http(s)` address, or finds it in a `data:` URL, in base64.",
        lines(shown("shelf.jpg")),
    ),
    "image-format": Example(
        "Told of images in `data:` URLs, by their first bytes; others are not fetched.",
        lines(shown("data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")),
    ),
    "image-size": Example(
        "Told of images in `data:` URLs. (`«…»*3666667` is that text so many times over.)",
        lines(shown("data:image/png;base64,iVBORw0KGgoAAAAN«AAAA»*3666667")),
    ),
    "image-count": Example(
        "OpenAI takes 10 images an example; Azure OpenAI, by its documentation, 64.",
        lines(
            chat(
                *(
                    said("user", [{"type": "image_url", "image_url": {"url": f"https://example.com/{n}.png"}}])
                    for n in range(11)
                ),
                said("assistant", "Loaves."),
            )
        ),
    ),
    "image-examples": Example(
        "Rows without images are not counted.",
        "60000 × " + lines(shown("https://example.com/#.png")),
        state=SimpleNamespace(profile=SimpleNamespace(pictured=60_000)),
    ),
    "tool-definition": Example(
        'A tool is `{"type": "function", "function": {"name": …}}`; names have letters, digits, `_` and `-`. At '
        "most 128 are taken.",
        defining(tool(name="get weather")),
    ),
    "tool-schema": Example(
        "The parameters of a tool are a JSON Schema (draft 2020-12 is what is looked at) of type `object`.",
        defining(tool(parameters={"type": "object", "properties": {"city": {"type": "str"}}})),
    ),
    "tool-duplicate": Example(
        "A call could mean either of them.",
        defining(tool(), tool()),
    ),
    "tool-legacy": Example(
        "They are still taken. Tools can be called several at once, functions cannot.",
        lines(chat(HI, HELLO, functions=[tool()["function"]])),
    ),
    "tool-call": Example(
        "A call has an `id`, the type `function`, and a function with `name` and `arguments`.",
        calling({"type": "function", "function": call()["function"]}, then=()),
    ),
    "tool-undeclared": Example(
        "The model would learn to call what it has not been told of.",
        calling(call(name="getweather")),
    ),
    "tool-arguments": Example(
        "The model writes arguments as text, and must learn to write JSON.",
        calling(call("{'city': 'Oslo'}")),
    ),
    "tool-arguments-encoding": Example(
        "Arguments are a string that holds JSON: neither the object itself, nor a string that holds such a string. "
        "What was meant is plain, so it can be mended.",
        calling(call({"city": "Oslo"})),
    ),
    "tool-arguments-schema": Example(
        "The model would learn to call the tool wrongly. `pattern` and `format` are not tried, and a `$ref` is looked "
        "up in the schema alone, never on the network.",
        calling(call('{"town": "Oslo"}')),
    ),
    "tool-answer": Example(
        "A `tool` message names the call it answers, which stands before it.",
        calling(call(), then=(said("tool", "4 °C", tool_call_id="call_2"), said("assistant", "It is 4 °C."))),
    ),
    "tool-unanswered": Example(
        "The chat API refuses to go on before each call is answered. A call in the last message needs no answer.",
        calling(call(), then=(said("assistant", "It is 4 °C."),)),
    ),
    "tool-call-id": Example(
        "Nobody can tell which of the calls an answer belongs to.",
        calling(call(), call('{"city": "Bergen"}')),
    ),
    "parallel-tool-calls": Example(
        "It says whether the model may call several tools at once.",
        calling(call(), parallel_tool_calls="false"),
    ),
    "parallel-calls-off": Example(
        "The row says one thing and shows another.",
        calling(
            call(),
            call('{"city": "Bergen"}', id="call_2"),
            then=(ANSWERED, {**ANSWERED, "tool_call_id": "call_2"}, said("assistant", "Cold in both.")),
            parallel_tool_calls=False,
        ),
    ),
    "preference-input": Example(
        "The input is an object with `messages`, and perhaps `tools` and `parallel_tool_calls`.",
        preference("Are you open?", BETTER, WORSE),
    ),
    "preference-output": Example(
        "Each output is a list of one assistant message.",
        preference(OPEN, [], WORSE),
    ),
    "preference-text": Example(
        "Preferences are learned from texts: not from calls of tools, and not about images.",
        preference(OPEN, BETTER, [said("assistant", None, tool_calls=[call()])]),
    ),
    "preference-same": Example(
        "There is nothing to prefer.",
        preference(OPEN, BETTER, BETTER),
    ),
    "reinforcement-last": Example(
        "The model answers the last message, and the answer is graded. `--shape reinforcement` says what the rows are "
        "where some of them are answered.",
        lines(chat(said("user", "2 + 2?"), said("assistant", "4"), answer="4")),
        options={"shape": "reinforcement"},
    ),
    "reference-missing": Example(
        "Graders compare with fields of the row, as `{{ item.answer }}`. A grader that reads none is rare.",
        lines(chat(said("user", "2 + 2?"), answer="4"), chat(said("user", "3 + 3?"))),
    ),
    "reference-uniform": Example(
        'A grader reads the same fields of each row; `4` and `"4"` are not the same to it.',
        lines(chat(said("user", "2 + 2?"), answer="4"), chat(said("user", "3 + 3?"), answer=6)),
    ),
    "grader-field": Example(
        "Told with `--grader FILE`, a grader or a method as JSON. Here its reference is `{{ item.answer }}`. Graders "
        "in Python are not looked into.",
        lines(chat(said("user", "2 + 2?"), answer="4"), chat(said("user", "3 + 3?"), reply="6")),
        options={"graded": ["answer"]},
    ),
}
