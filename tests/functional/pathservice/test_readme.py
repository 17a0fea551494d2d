"""What the README tells a newcomer to type does what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
STATE = "/var/lib/pathservice"


def test_the_python_example_opens_a_ticket_and_the_commands_show_it(
    serve: Any, cli: Any, tmp_path: Path
) -> None:
    serving = serve()
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(example.replace(STATE, str(serving.state)).replace("8443", str(serving.port)))
    done = subprocess.run(
        (sys.executable, str(script)), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["1", "scheduled"], done.stderr

    [commands] = re.findall(r"```\n(\. \.venv/bin/activate\n.*?)```", README, re.DOTALL)
    typed = [
        shlex.split(line, comments=True) for line in commands.splitlines() if line.startswith("pathservice")
    ]
    assert ["pathservice", "ticket", "list"] in typed
    for _, *words in typed:
        named = {"NAME": "fermilab-border-1", "FILE": "examples/fermilab.yaml"}
        done = cli(*(named.get(word, word) for word in words), state=serving.state, check=False)
        # A diff that finds one says so with 1, a path that is not up too; with 2 one that carries nothing.
        may_be = {0, 1} if "diff" in words else {1, 2} if "verify" in words else {0}
        assert done.returncode in may_be, (words, done.stderr)
        assert done.stdout
