# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of a source, one at a time."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# What is replaced by what, outside of comments and strings
OPERATORS = [
    (r" <= ", (" < ",)), (r" >= ", (" > ",)), (r" < ", (" <= ",)), (r" > ", (" >= ",)),
    (r" == ", (" != ",)), (r" != ", (" == ",)), (r" && ", (" || ",)), (r" \|\| ", (" && ",)),
    (r" \+ ", (" - ",)), (r" - ", (" + ",)), (r" \* ", (" / ",)), (r" / ", (" * ",)),
    (r" << ", (" >> ",)), (r" >> ", (" << ",)), (r" & ", (" | ",)), (r" \| ", (" & ",)),
    (r" \+= ", (" -= ",)), (r" -= ", (" += ",)), (r" \|= ", (" = ",)), (r"\+\+", ("--",)),
    (r"--(?=[\w;)])", ("++",)), (r"\btrue\b", ("false",)), (r"\bfalse\b", ("true",)),
    (r"(?<=[(\s])!(?=[\w(])", ("",)),
    (r"\bbreak;", (";",)), (r"\bcontinue;", (";",)),
]
NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d+)(?![\w.])")
# A check of the locks does nothing on a kernel that does not follow them
CHECK = "lockdep_assert_"
STATEMENT = re.compile(r"^\t+(?!return|goto|break|continue|case|default|static|const|struct|enum|u8|u16|u32|u64|s32|"
                       r"int|bool|unsigned|char|else|size_t|\})[\w*(&][^{}]*;$")


def code(line):
    """The line with its strings and comments blanked out, in the same columns"""
    blank = lambda found: " " * len(found[0])
    return re.sub(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//.*|\'(?:\\.|[^\'\\])\'', blank, line)


def mutants(path):
    """Yield (line number, the line as it becomes, the change as the list has it) for each change of the file."""
    comment = opened = False
    function = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        opened = opened or line.lstrip().startswith("/*")
        comment, opened = opened, opened and "*/" not in line
        found = re.match(r"\w.*?(\w+)\(", line)
        if found and not comment:
            function = found[1]
        if comment or line.startswith("#") or not line.startswith("\t") or CHECK in line:
            continue
        text = code(line)
        seen = set()
        for pattern, others in OPERATORS:
            for found in re.finditer(pattern, text):
                seen.update(line[:found.start()] + other + line[found.end():] for other in others)
        for found in NUMBER.finditer(text):
            value = int(found[0], 0)
            seen.update(line[:found.start()] + str(other) + line[found.end():] for other in (value + 1, max(value - 1, 0)))
        found = re.match(r"^(\t+(?:\} else )?(?:if|while) \()(.*)(\)(?: \{)?)$", text)
        if found and text.count("(") == text.count(")"):
            inner = line[found.end(1):found.end(2)]
            seen.update(found[1] + other + found[3] for other in (f"!({inner})", "0", "1"))
        if STATEMENT.match(text):
            seen.add(re.sub(r"\S.*", ";", line))
        found = re.match(r"^(\t+return )(?!\w+;$)(.+);$", text)
        if found:
            seen.add(f"{found[1]}!({line[found.end(1):-1]});")
        seen.discard(line)
        for changed in sorted(seen):
            yield number, changed, f"{function}(): {line.strip()} => {changed.strip()}"


def equals(path):
    """The changes of this file that the list has"""
    found = set()
    for line in (TOP / "tests/mutation/equal").read_text().splitlines():
        if line.startswith(f"{path.name}: "):
            found.add(line.split(": ", 1)[1].strip())
    return found


def mutants_to_try(path):
    """The changes of this file that its tests should notice"""
    equal = equals(path)
    found = list(mutants(path))
    stale = equal - {change for _, _, change in found}
    if stale:
        sys.exit(f"tests/mutation/equal: no such mutant of {path.name}: {stale.pop()}")
    return [mutant for mutant in found if mutant[2] not in equal]


def changed_text(path, mutant):
    """The file with this change"""
    lines = path.read_text().splitlines()
    number, changed, _ = mutant
    return "\n".join((*lines[:number - 1], changed, *lines[number:])) + "\n"


def verdict(index, path, tried, left):
    """Print the result of a file. Return whether it failed."""
    percent = 100 * (tried - left) / max(tried, 1)
    print(f"{'not ok' if percent < 95 else 'ok'} {index} - {path.name}: {percent:.1f} % of {tried} mutants are noticed",
          flush=True)
    return percent < 95
