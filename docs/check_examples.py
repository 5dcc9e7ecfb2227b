"""For each check of prompts and completions, and of every shape: why it matters, and a file it has something to say on.

docs/checks.md is made from this, from row_examples.py and from check_sources.py, by check_page.py.
"""

from __future__ import annotations

from types import SimpleNamespace

from check_example import Example

from fttool.rules import Limits

EXAMPLES = {
    "few-examples": Example(
        "Every doubling of the number of examples tends to bring about as much as the one before.",
        '{"prompt": "Is it open today?", "completion": "Yes, until six."}',
        severity="error below 10, hint below 100",
    ),
    "file-size": Example(
        "The size is that of the texts in the examples. Train on a part of them, or split the work over several jobs.",
        '{"prompt": "Is it open today?", "completion": "«Yes. »*1824000000"}',
        state=SimpleNamespace(profile=SimpleNamespace(size=9_120_000_000), spec=SimpleNamespace(limits=Limits())),
    ),
    "model-shape": Example(
        "Today's chat models are trained on `messages`, and refuse a file of prompts and completions.",
        '{"prompt": "Is it open today? ->", "completion": " Yes, until six."}',
        options={"model": "gpt-4o-mini"},
    ),
    "converted": Example(
        "Services take prompts and completions, chats and preference examples, each in one form. What maps to what "
        "and what is left out is in [conversions](conversions.md); `--from none` takes the columns as they are.",
        '{"id": "a_0", "conversations": [{"from": "human", "value": "Is it open?"}, {"from": "gpt", "value": "Yes."}]}',
    ),
    "cannot-convert": Example(
        "Nothing is dropped or guessed to make a row fit. As long as such rows are there, nothing is written: correct "
        "them, or remove them with the fix.",
        """{"conversations": [{"from": "human", "value": "Is it open?"}, {"from": "gpt", "value": "Yes."}]}
           {"conversations": [{"from": "human", "value": "Today?"}, {"from": "gtp", "value": "Until six."}]}""",
    ),
    "column-case": Example(
        "Services look for `prompt` and `completion` in exactly this spelling.",
        '{"Prompt": "Is it open today?", "COMPLETION": "Yes, until six."}',
    ),
    "extra-columns": Example(
        "A service may refuse keys that it does not know. Nothing is lost: the input stays as it is.",
        '{"id": 17, "prompt": "Is it open today?", "completion": "Yes, until six."}',
    ),
    "missing-prompt": Example(
        "`null` is not a text. It is never written as the word `None`; an empty prompt says the same.",
        """{"prompt": null, "completion": "Yes, until six."}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
    ),
    "value-type": Example(
        "Services take text only. `1.50` stays `1.50`, integers of any size keep all their digits, `true` stays "
        "`true`, dates are written as ISO 8601, lists and objects as JSON.",
        """{"prompt": "What is the first prime above 2^53?", "completion": 9007199254740997}
           {"prompt": ["bread", "salt"], "completion": "food"}""",
    ),
    "empty-completion": Example(
        "There is nothing to learn from an example without a completion. `NA`, `None` and `null` as *words* are "
        "completions like any other.",
        """{"prompt": "Is it open today?", "completion": ""}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
    ),
    "empty-prompt": Example(
        "When all prompts are empty, that is open-ended generation and fine. When some are, a cell was probably "
        "forgotten. Nobody but you can know what should stand there, so there is no fix.",
        """{"prompt": "", "completion": "Yes, until six."}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
    ),
    "lone-surrogate": Example(
        "A character was cut in two, usually where a program counted UTF-16 units. What it was can not be known.",
        r'{"prompt": "What a day \ud83d", "completion": "positive"}',
    ),
    "control-characters": Example(
        "They are invisible, cost tokens, and stop some programs from reading on. Tabs and line ends are left alone.",
        r'{"prompt": "Is it\u0000 open?", "completion": "Yes."}',
    ),
    "mojibake": Example(
        "The model would learn to write it. It can not be undone with certainty here: export the data again.",
        '{"prompt": "Une table prÃ¨s de la fenÃªtre ?", "completion": "Oui, bien sÃ»r."}',
    ),
    "invisible-characters": Example(
        "They come with copied web pages, split words into rare tokens, and can hide text from whoever reads the data.",
        '{"prompt": "Is it\\u200b open?", "completion": "Yes."}',
    ),
    "other-script": Example(
        "Such rows may have come from somewhere else, or were read wrongly. Told from 50 rows on. (`60 ×`: so many "
        "rows, each with its number for `#`.)",
        """60 × {"prompt": "Is it open on day #?", "completion": "Yes, until six."}
           {"prompt": "Открыто ли сегодня?", "completion": "Да, до шести."}""",
    ),
    "special-token": Example(
        "As training text they are cut into ordinary pieces, so that the model learns to write their letters; a "
        "service may also refuse them.",
        '{"prompt": "Is it open today?", "completion": "Yes, until six.<|endoftext|>"}',
    ),
    "secret": Example(
        "A model that is trained on a key may tell it to anyone. The report shows its first letters only. Keys of "
        "OpenAI, Anthropic, AWS, GitHub, GitLab, Slack, Google, Hugging Face and Stripe, JSON web tokens and private "
        "keys are known by their form.",
        '{"prompt": "How does a key begin?", "completion": "-----BEGIN RSA PRIVATE KEY----- and then letters."}',
    ),
    "cut-off": Example(
        "A database column or a spreadsheet cell holds only so much. A model trained on cut texts learns to stop in "
        "the middle. Usual limits are 255, 500, 1,000, … characters. (`«…»*12` is that text 12 times over.)",
        """{"prompt": "1", "completion": "«a long text goes on »*12and it breaks o"}
           {"prompt": "2", "completion": "«one more of the kind»*12until someone s"}
           {"prompt": "3", "completion": "«twenty characters ok»*12no more room fo"}
           {"prompt": "4", "completion": "«short»*2"}""",
    ),
    "edge-space": Example(
        "In a classification, `news` and `news ` would be two classes; there the fix is recommended. In other texts "
        "white space at the ends may be meant. The separator, the stop sequence and the one space that a completion "
        "begins with are not counted.",
        """{"prompt": "Is it open today?  ", "completion": "Yes, until six."}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
        severity="warning for classification, else hint",
        fix="recommended for classification, else optional",
    ),
    "upper-case-prompt": Example(
        "Models have read far less text in capitals, and it takes more tokens.",
        '{"prompt": "IS IT OPEN TODAY?", "completion": "Yes, until six."}',
    ),
    "upper-case-completion": Example(
        "As above. Labels in capitals, such as `SPAM`, work as well: say `--no-fix upper-case-completion`.",
        '{"prompt": "Is it open today?", "completion": "YES, UNTIL SIX."}',
    ),
    "duplicate-rows": Example(
        "A row that stands there twice counts twice, and may stand in training and validation at once. Rows are "
        "compared as they are after the fixes before this one.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six."}
           {"prompt": "Is it open on Monday?", "completion": "No."}
           {"prompt": "Is it open today?", "completion": "Yes, until six."}""",
    ),
    "prompt-conflict": Example(
        "In a classification one of the two labels is wrong. In text to text there may be several good answers. "
        "Which one is right is not for a program to say: there is no fix.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six."}
           {"prompt": "Is it open today?", "completion": "No."}
           {"prompt": "Is it open on Monday?", "completion": "No."}
           {"prompt": "Is there a lift?", "completion": "At the back."}""",
        severity="warning for classification, else hint",
    ),
    "leakage": Example(
        "Only checked with `--valid-file`. The split that fttool makes keeps rows of one prompt on one side.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six."}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
        valid="""{"prompt": "Is it open today?", "completion": "Yes."}
                 {"prompt": "Is there a lift?", "completion": "At the back."}""",
    ),
    "near-leakage": Example(
        "Only checked with `--valid-file`, for prompts that are not the same to the letter.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six."}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
        valid="""{"prompt": "is it open TODAY", "completion": "Yes."}
                 {"prompt": "Is there a lift?", "completion": "At the back."}""",
    ),
    "over-long": Example(
        "The limit is that of the model named with `-m`, else 2,048 tokens for prompt/completion examples and 65,536 "
        "for chats. Tokens are counted if their vocabulary is on this machine, else estimated: 10,000 characters for "
        "2,048 tokens, as in the legacy tool; four bytes for one in chats. Nothing is cut. (`«…»*900` is that text 900 "
        "times over.)",
        """{"prompt": "Summarise: «twenty characters ok»*900", "completion": "All is well."}
           {"prompt": "Is it open on Monday?", "completion": "No."}""",
    ),
    "identical-texts": Example(
        "The model has nothing to tell apart. A single row is no problem, nor are prompts that are all empty.",
        """{"prompt": "Write a slogan.", "completion": "Fresh every day."}
           {"prompt": "Write a slogan.", "completion": "Baked with care."}
           {"prompt": "Write a slogan.", "completion": "Warm from the oven."}""",
    ),
    "separator-inside": Example(
        "The model learned that the completion comes after the separator; it may begin in the middle of such a prompt.",
        """{"prompt": "Is -> an arrow? ->", "completion": " Yes.\\n"}
           {"prompt": "Is it open? ->", "completion": " No.\\n"}""",
    ),
    "prompt-separator": Example(
        "Completion models know no roles: without a fixed end they may go on with the prompt. Suggested is the first "
        "of ` ->`, `\\n\\n###\\n\\n`, `\\n\\n===\\n\\n`, `\\n\\n---\\n\\n`, `\\n\\n===>\\n\\n`, `\\n\\n--->\\n\\n` "
        "that stands in no prompt. What all prompts end with is taken for a separator only if it begins where no word "
        "goes on. For chats a separator is left out instead.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six."}
           {"prompt": "Is there a lift?", "completion": "At the back."}""",
        severity="warning, hint for chats",
        fix="recommended, required for chats",
    ),
    "prompt-prefix": Example(
        "It costs tokens each time, in training and in use. Prefixes of up to 12 characters, and those before chats, "
        "are only mentioned. A prefix never ends inside a word.",
        """{"prompt": "Answer the visitor's question: When do you close?", "completion": "Yes, until six."}
           {"prompt": "Answer the visitor's question: Is there a lift?", "completion": "At the back."}""",
        severity="warning or hint",
        fix="recommended, none for a hint",
    ),
    "completion-prefix": Example(
        "The model would only repeat it. Prefixes of fewer than 5 characters are left alone. A prefix never ends "
        "inside a word: what labels happen to share stays.",
        """{"prompt": "Is it open today?", "completion": "The answer is: yes, until six."}
           {"prompt": "Is there a lift?", "completion": "The answer is: at the back."}""",
    ),
    "stop-sequence": Example(
        "Not for classification, where a label is short enough. Suggested is the first of `\\n`, `.`, ` END`, `***`, "
        "`+++`, `&&&`, `$$$`, `@@@`, `%%%` that stands in no completion. For chats it is left out instead.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six"}
           {"prompt": "Is there a lift?", "completion": "At the back"}""",
        severity="warning or hint",
        fix="recommended, required for chats",
    ),
    "leading-space": Example(
        "` yes` is one token that the model knows well from running text. For chats the space is left out instead.",
        """{"prompt": "Is it open today?", "completion": "Yes, until six."}
           {"prompt": "Is there a lift?", "completion": "At the back."}""",
        severity="warning, hint for chats",
        fix="recommended, required for chats",
    ),
    "small-classes": Example(
        "A class that is rarely seen is rarely found. Add examples, or put rare classes together.",
        """{"prompt": "Is it open today?", "completion": "hours"}
           {"prompt": "Is it open on Monday?", "completion": "hours"}
           {"prompt": "When do you close?", "completion": "hours"}
           {"prompt": "Are you open at Easter?", "completion": "hours"}
           {"prompt": "When can I come?", "completion": "hours"}
           {"prompt": "Do you close at noon?", "completion": "hours"}
           {"prompt": "Is there a lift?", "completion": "building"}""",
        severity="warning for a single example, else hint",
    ),
    "class-balance": Example(
        "A model that has learned nothing but the most frequent answer looks good on such data. Told from 20 rows on. "
        "(`22 ×`: so many rows, each with its number for `#`.)",
        """22 × {"prompt": "Message #: win now", "completion": "spam"}
           3 × {"prompt": "Dear Ann, see you on day #", "completion": "ham"}""",
    ),
    "first-token": Example(
        "Classes are read off the first token the model writes, and its probability. Without its vocabulary "
        "on this machine, the first word stands for the first token.",
        """{"prompt": "My card has not come.", "completion": "card_arrival"}
           {"prompt": "Where is my card?", "completion": "card_arrival"}
           {"prompt": "When will the card be here?", "completion": "card_arrival"}
           {"prompt": "My card was refused.", "completion": "card_declined"}
           {"prompt": "The shop did not take my card.", "completion": "card_declined"}
           {"prompt": "The machine said no.", "completion": "card_declined"}
           {"prompt": "Payment failed.", "completion": "card_declined"}""",
        severity="warning, hint for chats",
    ),
}
