"""Tells apart what a command line answers to several lines written at once. Pure."""

import re
from collections.abc import Sequence

PROMPT = re.compile(r"(?P<host>[^\s#>()]{1,64})(?P<mode>\([^\s()]+\))?[#>] ?")
"""`router#`, `router>`, `router(config-if)#`."""

_ENDS_OF_QUESTIONS = ("?", ":", "]", ")")
_WIPE = re.compile(r"\x08+ *\x08*")


class Answers:
    """Tells the answers to several lines apart: each line comes back as its echo behind a prompt."""

    def __init__(self, lines: Sequence[str], prompt: str) -> None:
        self._expected = [line.strip() for line in lines]
        self._answers: list[list[str]] = []
        self.tail = prompt

    def feed(self, text: str) -> None:
        *complete, self.tail = (self.tail + text).split("\n")
        for line in complete:
            self._take(line)

    def take_question(self) -> None:
        """The question at the end has been answered; how it is wiped off the screen comes later."""
        self.tail = ""

    def final_prompt(self) -> str:
        """The prompt the device is waiting at once it has echoed everything, or nothing."""
        prompt = _WIPE.sub("", self.tail)
        complete = len(self._answers) == len(self._expected)
        return prompt if complete and PROMPT.fullmatch(prompt) else ""

    def unknown_question(self) -> str:
        """The words in which the device waits in the middle of a line, or nothing.

        Nothing too if they do not end as questions do: a line of a configuration may be a secret's.
        """
        words = _WIPE.sub("", self.tail).strip()
        return words if words.endswith(_ENDS_OF_QUESTIONS) else ""

    def answers(self, repeated_prompt: str) -> list[str]:
        bare = repeated_prompt.rstrip()
        return [
            "\n".join(line for line in lines if not bare or line.rstrip() != bare) for lines in self._answers
        ]

    def _take(self, line: str) -> None:
        line = _WIPE.sub("", line) if "\b" in line else line
        position = len(self._answers)
        if position < len(self._expected) and self._is_echo(line, self._expected[position]):
            self._answers.append([])
        elif self._answers:
            self._answers[-1].append(line)

    def _is_echo(self, line: str, expected: str) -> bool:
        found = PROMPT.match(line)
        return expected in {line.strip(), line[found.end() :].strip() if found else None}
