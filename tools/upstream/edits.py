# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of files that the kernel has already, and of ours on their way into its tree."""

import datetime
import fnmatch
import re

from common import TOP, Failure, read, write

LIST = "linux-usb@vger.kernel.org"
TITLE = "SMART-CARD READERS"
# What the entry in MAINTAINERS names, in the order that the file wants
PATTERNS = ["Documentation/ABI/testing/sysfs-class-scard", "Documentation/driver-api/scard/",
            "Documentation/netlink/specs/scard.yaml", "drivers/scard/", "include/uapi/linux/scard*.h",
            "include/uapi/linux/uscard.h", "tools/testing/selftests/scard/"]
# Files that comments name by their place here
RENAMES = {"kernel/docs/transport.md": "Documentation/driver-api/scard/transport.rst",
           " docs/sysfs-class-scard": " Documentation/ABI/testing/sysfs-class-scard",
           "scard.yaml beside this file": "Documentation/netlink/specs/scard.yaml"}


def user_space_gone(text):
    """Leave the kernel's half of "#ifdef __KERNEL__ ... #else ... #endif", nothing of "#ifndef __KERNEL__"."""
    kept, state = [], None
    for line in text.splitlines(True):
        if line == "#ifdef __KERNEL__\n":
            state = "kernel"
        elif line == "#ifndef __KERNEL__\n":
            state = "user"
        elif state and line == "#else\n":
            state = "user"
        elif state and line == "#endif\n":
            state = None
        elif state != "user":
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "".join(kept))


def test(text):
    """A suite, or a file that suites share, which includes what it tests by its place in drivers/scard"""
    text = re.sub(r"(?s) In user space\n.*?\n \*/\n", "\n */\n", user_space_gone(text), count=1)

    def include(found):
        for place in ("ccid/proto", "core"):
            if (TOP / "kernel" / place / found[1]).exists():
                return f'#include "{place}/{found[1]}"'
        return found[0]
    return re.sub(r'#include "(\w+\.h)"', include, text)


def adapt(source, text, version):
    """Return a file of ours as it is in the kernel's tree."""
    for here, there in RENAMES.items():
        text = text.replace(here, there)
    if source == "kernel/ccid/proto/port.h":
        text = user_space_gone(text)
        text = re.sub(r" \* no time, no log\..*?\n \*/\n", " * no time, no log.\n */\n", text, flags=re.S)
    elif source.startswith(("tests/unit/", "tests/fuzz/")):
        text = test(text)
    elif source == "kernel/docs/sysfs-class-scard":
        month = datetime.date.today().strftime("%B %Y")
        for name, value in {"Date": month, "KernelVersion": version, "Contact": LIST}.items():
            tabs = "\t\t" if name == "Date" else "\t"
            text = re.sub(rf"(?m)^{name}:.*", f"{name}:{tabs}{value}", text)
    return text


def main_c(root):
    """kernel/main.c with the calls of what is there; the rest of the patches adds the others"""
    text = read(TOP / "kernel/main.c")
    there = root / "drivers/scard"
    if not (there / "core/dev.c").exists():
        return re.sub(r'#include ".*(?=MODULE_DESCRIPTION)', "", text, flags=re.S)
    for include in re.findall(r'#include "(\S+)"\n', text):
        if (there / include).with_suffix(".c").exists():
            continue
        text = text.replace(f'#include "{include}"\n', "")
        for name in re.findall(r"(\w+)\(void\)", read(TOP / "kernel" / include)):
            text = re.sub(rf"(\t/\*[^\n]*\*/\n)?\tret = {name}\(\);\n\tif \(ret\)\n\t\tgoto \w+;\n", "", text)
            text = text.replace(f"\t{name}();\n", "")
    # the ends that no failure leads to: they stand before those that are left
    while True:
        end = re.search(r"(?<=\treturn 0;\n\n)(\w+):\n(?:\t.*\n)*", text)
        if not end or f"goto {end[1]};" in text:
            return text
        text = text[:end.start()] + text[end.end():]


def makefile(root):
    """kernel/Kbuild for the sources that are there, without what a build outside of the tree needs"""
    lines = ["# SPDX-License-Identifier: GPL-2.0", "ccflags-y := -I$(src)", "",
             "obj-$(CONFIG_SCARD) += scard.o", ""]
    for line in read(TOP / "kernel/Kbuild").splitlines():
        found = re.fullmatch(r"(scard-y|obj-\$\(CONFIG_\w+\)) [:+]= (\S+)\.o", line)
        if found and (root / f"drivers/scard/{found[2]}.c").exists():
            lines.append(line)
    tests = sorted(path.stem for path in (root / "drivers/scard/tests").glob("*.c"))
    if tests:
        lines += ["", *(f"scard-$(CONFIG_SCARD_KUNIT_TEST) += tests/{name}.o" for name in tests)]
    return "\n".join(lines) + "\n"


def insert(root, name, where, text):
    """Insert text before the first line that the pattern matches, or at the end (None)."""
    whole = read(root / name)
    if where is None:
        write(root / name, whole + text)
        return
    found = re.search(where, whole, re.M)
    if not found:
        raise Failure(f"{name}: no line matches {where}")
    write(root / name, whole[:found.start()] + text + whole[found.start():])


def hooks(root):
    insert(root, "drivers/Kconfig", r"^endmenu\n\Z", 'source "drivers/scard/Kconfig"\n\n')
    insert(root, "drivers/Makefile", None, "obj-$(CONFIG_SCARD)\t\t+= scard/\n")


def ioctl_number(root):
    """A row of the table, in its columns"""
    name = "Documentation/userspace-api/ioctl/ioctl-number.rst"
    border = re.search(r"^=+ +=+ +=+ =+$", read(root / name), re.M)
    if not border:
        raise Failure(f"{name}: no table")
    starts = [match.start() for match in re.finditer("=+", border[0])]
    row = ""
    for start, cell in zip(starts, ("0xC5", "00-1F", "linux/scard.h", f"<mailto:{LIST}>")):
        row = row.ljust(start) + cell
    later = [line for line in re.findall(r"^0x[0-9A-F]{2} ", read(root / name), re.M) if line > "0xC5 "]
    insert(root, name, "^" + min(later), row + "\n")


def kunit(root):
    """The entry of the suites, with the first of them"""
    insert(root, "drivers/scard/Kconfig", None, "\n" + read(TOP / "tools/upstream/kunit/Kconfig").split("\n", 1)[1])


def toctree(root):
    insert(root, "Documentation/driver-api/index.rst", r"^   scsi$", "   scard/index\n")


def selftests(root):
    names = re.findall(r"^TARGETS \+= (\S+)$", read(root / "tools/testing/selftests/Makefile"), re.M)
    later = next(name for name in names if name > "scard")
    insert(root, "tools/testing/selftests/Makefile", rf"^TARGETS \+= {later}$", "TARGETS += scard\n")


TOUCHED = ["MAINTAINERS", "drivers/Kconfig", "drivers/scard/Kconfig", "drivers/Makefile", "Documentation/driver-api/index.rst",
           "Documentation/userspace-api/ioctl/ioctl-number.rst", "tools/testing/selftests/Makefile"]
EDITS = {"hooks": hooks, "ioctl-number": ioctl_number, "kunit": kunit, "toctree": toctree, "selftests": selftests}


def covers(pattern, name):
    return name.startswith(pattern) if pattern.endswith("/") else fnmatch.fnmatchcase(name, pattern)


def maintainers(root, user, names):
    """Write the entry in MAINTAINERS for the files that are there."""
    patterns = [p for p in PATTERNS if any(covers(p, name) for name in names)]
    if not patterns:
        return
    entry = f"{TITLE}\nM:\t{user}\nL:\t{LIST}\nS:\tMaintained\n" + "".join(f"F:\t{p}\n" for p in patterns) + "\n"
    whole = read(root / "MAINTAINERS")
    old = re.search(rf"^{TITLE}\n(?:.+\n)+\n", whole, re.M)
    if old:
        whole = whole[:old.start()] + entry + whole[old.end():]
    else:
        begin = whole.index("\nMaintainers List\n")
        titles = [match for match in re.finditer(r"(?<=\n\n)(\S.*)\n(?:[A-Z]:\t.*\n)+\n", whole[begin:])]
        before = max((match for match in titles if match[1].upper() < TITLE), key=lambda match: match[1].upper(),
                     default=None)
        if not before:
            raise Failure("MAINTAINERS: no entry before ours")
        at = begin + before.end()
        whole = whole[:at] + entry + whole[at:]
    write(root / "MAINTAINERS", whole)
