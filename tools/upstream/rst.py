# SPDX-License-Identifier: GPL-2.0-or-later
"""Markdown, as the documents of kernel/docs have it, to reStructuredText.

Headings, paragraphs, lists, indented code and tables. Paragraphs, items and rows about what is not
in the kernel's tree (the tests and tools here) are left out.
"""

import re

DOCUMENTS = "Documentation/driver-api/scard/"
KEPT = {"apdu", "close", "locking", "power", "quirks", "transport", "uapi"}
# Paths that the kernel's tree has elsewhere
MOVED = [(r"\[([^]]*)\]\(\.\./((?:core|ccid|user)/[^)]*)\)", r"drivers/scard/\2"),
         (r"\bkernel/((?:core|ccid|user)\b)", r"drivers/scard/\1")]
# A paragraph that has one of these is about something else
ELSEWHERE = re.compile(r"\b(tests|tools|lib|build)/|`make |README|\bvreader\b|\b(?!" + "|".join(KEPT) +
                       r")\w+\.md\b|\bmake check\b")


def link(match):
    title, target = match[1], match[2]
    name = target.removesuffix(".md")
    return f"{DOCUMENTS}{name}.rst" if name in KEPT and target.endswith(".md") else title


def inline(text):
    for pattern, there in MOVED:
        text = re.sub(pattern, there, text)
    text = re.sub(r"\[([^]]*)\]\(([^)]*)\)", link, text)
    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", text)
    # a literal inside bold is none in reStructuredText
    text = re.sub(r"\*\*([^*]*``[^*]*)\*\*", lambda m: "**" + m[1].replace("``", "") + "**", text)
    return re.sub(r"(?<![\w`*])(\w+_)(?=[\s,.;:)])", r"\1\\", text)


def blocks(text):
    """Lists of lines: paragraphs, items, tables, code, headings"""
    block = []
    for line in text.splitlines() + [""]:
        begins = re.match(r"(#+ |\d+\. |- )", line) or \
            (block and line.startswith("|") != block[0].startswith("|"))
        if not line.strip() or begins:
            if block:
                yield block
            block = []
        if line.strip():
            block.append(line)


def table(rows):
    cells = [[inline(cell.strip()) for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in rows]
    out = [".. list-table::", "   :header-rows: 1", ""]
    for row in cells[:1] + cells[2:]:
        for number, cell in enumerate(row):
            out.append(("   * - " if number == 0 else "     - ") + cell)
    return [line.rstrip() for line in out]


def convert(text):
    out = [".. SPDX-License-Identifier: GPL-2.0", ""]
    indent = ""
    dropped_lead = False
    was_code = False
    for block in blocks(text):
        first = block[0]
        if first.startswith("|"):
            rows = [row for number, row in enumerate(block) if number < 2 or not ELSEWHERE.search(row)]
            out += table(rows) + [""]
            indent, was_code = "", False
            continue
        if re.match(r"#+ ", first):
            level = len(first.split()[0])
            title = inline(first[level + 1:])
            line = {1: "=", 2: "-", 3: "~"}[level] * len(title)
            out += ([line] if level == 1 else []) + [title, line, ""]
            indent, was_code = "", False
            continue
        item = re.match(r"(\d+\. |- )", first)
        code_depth = 4 + len(indent)
        if not item and first.startswith(" " * code_depth):
            if not dropped_lead:
                if not was_code:
                    out += [f"{indent}::", ""]
                out += [f"{indent}    {line[code_depth:]}" for line in block] + [""]
            was_code = True
            continue
        was_code = False
        if item:
            indent = " " * len(item[1])
        elif not first.startswith(" "):
            indent = ""
        joined = " ".join(line.strip() for line in block)
        dropped_lead = bool(ELSEWHERE.search(re.sub(r"\]\([^)]*\)", lambda m: m[0] if ".md" in m[0] else "]", joined)))
        if dropped_lead:
            continue
        if item and item[1] != "- ":
            block[0] = "#. " + first[len(item[1]):]
        out += [inline(line) for line in block] + [""]
    return "\n".join(out).rstrip() + "\n"
