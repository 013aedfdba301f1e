# SPDX-License-Identifier: GPL-2.0-or-later
"""What each patch has to pass.

The configuration is allmodconfig: it has the sanitizers, and warnings are errors. Only the
directory is built, after modules_prepare: no object of it needs the rest of the kernel. kbuild
links scard.ko at each patch, so modpost sees it; since there is no vmlinux, modpost cannot know
the kernel's symbols, and they are compared with the EXPORT_SYMBOLs of the sources instead.
"""

import re
import shutil

from common import git, run, write
from edits import PATTERNS, covers

# checkpatch: types that are not looked at, and why
IGNORED = {
    "FILE_PATH_CHANGES": "asks whether MAINTAINERS needs an update; whole() sees that each file is covered",
}
IGNORED_IN_SELFTESTS = {
    "PREFER_KERNEL_TYPES": "user space has stdint.h",
    "PREFER_DEFINED_ATTRIBUTE_MACRO": "user space has no such macros",
    "SPACING": "the * of FIXTURE_DATA(name) *self is taken for a multiplication",
}
IGNORED_IN_SUITES = {
    "SPLIT_STRING": "bytes in hexadecimal, and scripts, are longer than a line",
    "EMBEDDED_FUNCTION_NAME": "a step has words that are names of cases, too",
}
# Symbols that the compiler adds, and exports that macros make
ADDED = re.compile(r"_dev_[a-z]+|bpf_trace_run\d+|param_(ops|get|set)_\w+|"
                   r"__(asan|kasan|hwasan|sanitizer|tsan|ubsan|kcsan|x86|fentry|stack_chk|gcov|SCT|SCK|tracepoint|"
                   r"traceiter|mcount|mem|this_module|llvm)\w*|_GLOBAL_OFFSET_TABLE_")
OURS = re.compile(r"u?scard_|ccid_|pol_")
# What kbuild says about a kernel of which there is only a part
HARMLESS = re.compile(r"vmlinux\.o is missing|Symbol version dump .*is missing|Modules may not have dependencies|"
                      r"You may get many unresolved|Skipping BTF generation")


class Checks:
    def __init__(self, tree, out, jobs):
        self.root = tree.root
        self.tree = tree
        self.obj = out / "obj"
        self.logs = out / "logs"
        self.jobs = jobs
        self.number = 0
        self.exports = None
        self.configured = False
        self.uml = out / "uml"
        mark = out / "obj.for"
        want = f"{self.root} {tree.base}\n"
        if not mark.exists() or mark.read_text() != want:
            shutil.rmtree(self.obj, ignore_errors=True)
        self.obj.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        write(mark, want)

    def make(self, *words):
        """Status and output of the kernel's make; the log is kept."""
        status, output = run(["make", f"-j{self.jobs}", f"O={self.obj}", "W=1", *words], self.root)
        with open(self.logs / f"{self.number:02d}.log", "a", encoding="utf-8") as log:
            log.write(f"make {' '.join(words)}\n{output}\n")
        return status, output

    def said(self, title, status, output):
        """Complaints of a command that is silent if all is well"""
        return f"{title}: {output or status}\n" if status or output.strip() else ""

    def patch(self, put):
        """Complaints about the last commit, which has put these files there."""
        self.number += 1
        (self.logs / f"{self.number:02d}.log").unlink(missing_ok=True)
        found = self.checkpatch(put) + self.kernel_doc(put)
        if any(name.startswith("include/uapi/") and name.endswith(".h") for name in put):
            found += self.headers(put)
        if any(name.startswith(("drivers/", "include/")) for name in put) and \
                (self.root / "drivers/scard/Makefile").exists():
            found += self.build(put)
        if any(name.startswith("Documentation/netlink/") for name in put):
            found += self.spec(put)
        if any(name.endswith(".rst") for name in put):
            found += self.rest(put)
        if any(name.startswith("tools/testing/selftests/scard/") for name in put):
            found += self.selftests()
        return found

    def checkpatch(self, put):
        ignored = list(IGNORED)
        if all(name.startswith("tools/testing/") for name in put):
            ignored += IGNORED_IN_SELFTESTS
        text = git(self.root, "format-patch", "-1", "--stdout", "--no-base")
        status, output = run(["scripts/checkpatch.pl", "--strict", "--terse", "--no-summary", "-q",
                              "--showfile", "--show-types", f"--ignore={','.join(ignored)}", "-"], self.root, text)
        suites = re.compile(rf"drivers/scard/tests/\S+ \w+:({'|'.join(IGNORED_IN_SUITES)}):")
        lines = output.splitlines()
        left = [line for line in lines if not suites.match(line)]
        return self.said("checkpatch", status if left == lines else 0, "\n".join(left))

    def kernel_doc(self, put):
        names = [name for name in put if name.endswith((".c", ".h")) and name.startswith(("drivers/", "include/"))]
        tool = next(name for name in ("tools/docs/kernel-doc", "scripts/kernel-doc") if (self.root / name).exists())
        return self.said("kernel-doc", *run([tool, "-none", "-Werror", *names], self.root)) if names else ""

    def prepare(self):
        """allmodconfig, once SCARD is in Kconfig; again only if that has changed"""
        kconfig = (self.root / "drivers/scard/Kconfig").read_text()
        mark = self.obj / "prepared"
        if mark.exists() and mark.read_text() == kconfig:
            self.configured = True
            return ""
        for target in ("allmodconfig", "modules_prepare"):
            status, output = self.make("-s", target)
            if status:
                return f"make {target}: {output}\n"
        if "\nCONFIG_SCARD=m\n" not in (self.obj / ".config").read_text():
            return "allmodconfig has no CONFIG_SCARD=m\n"
        self.configured = True
        write(mark, kconfig)
        return ""

    def build(self, put):
        found = self.prepare()
        if found:
            return found
        status, output = self.make("C=1", "CHECK=sparse", "KBUILD_MODPOST_WARN=1", "drivers/scard/scard.ko")
        for line in output.splitlines():
            if re.search(r"\b(warning|error|note):|\*\*\*|modpost:", line, re.I) and not HARMLESS.search(line) and \
                    not re.search(r'modpost: "\S+" \[drivers/scard/scard\.ko\] undefined|suppressed .* unresolved', line):
                found += line + "\n"
        if status:
            return found or output
        # modpost names the first ten only
        undefined = run(["nm", "-u", "--format=just-symbols", self.obj / "drivers/scard/scard.ko"], self.root)[1].split()
        found += "".join(f"undefined: {name}\n" for name in undefined if not self.is_exported(name))
        for name in put:
            if name.startswith("drivers/scard/") and name.endswith(".c") and \
                    not (self.obj / name).with_suffix(".o").exists():
                found += f"{name} was not built\n"
        return found

    def is_exported(self, name):
        if OURS.match(name):
            return False
        if self.exports is None:
            cache = self.obj / "exports"
            if not cache.exists():
                write(cache, git(self.root, "grep", "-hF", "EXPORT_", "--", "*.[chS]", ":!drivers/scard"))
            self.exports = set(re.findall(r"EXPORT_[A-Z_]*\( *(\w+)", cache.read_text(errors="replace")))
        return name in self.exports or bool(ADDED.fullmatch(name))

    def headers(self, put):
        """The headers for programs compile alone, as C90 and C++."""
        status, output = self.make("-s", "headers") if self.configured else self.first_headers()
        if status:
            return f"make headers: {output}\n"
        found = ""
        for name in put:
            if name.startswith("include/uapi/"):
                header = name[len("include/uapi/"):]
                for language in (["-x", "c", "-std=c90"], ["-x", "c++"]):
                    found += self.said(header, *run(["cc", *language, "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                                     f"-I{self.obj}/usr/include", "-include", header, "/dev/null"],
                                                    self.root))
        return found

    def first_headers(self):
        found = self.prepare()
        return (1, found) if found else self.make("-s", "headers")

    def spec(self, put):
        """The netlink specification agrees with the kernel's schema."""
        import jsonschema
        import yaml
        schema = yaml.safe_load((self.root / "Documentation/netlink/genetlink.yaml").read_text())
        found = ""
        for name in put:
            if name.endswith(".yaml"):
                try:
                    jsonschema.validate(yaml.safe_load((self.root / name).read_text()), schema)
                except jsonschema.ValidationError as error:
                    found += f"{name}: {error.message}\n"
        return found

    def rest(self, put):
        """docutils reads the documents without a complaint."""
        import docutils.core
        found = ""
        for name in put:
            if name.endswith(".rst"):
                text = (self.root / name).read_text().replace(".. toctree::\n   :maxdepth: 1\n", "..\n")
                messages = []
                stream = type("Stream", (), {"write": lambda _, text: messages.append(text)})()
                docutils.core.publish_doctree(text, source_path=name, settings_overrides={"warning_stream": stream})
                found += "".join(messages)
        return found

    def selftests(self):
        status, output = self.make("-s", "headers")
        (self.obj / "kselftest").mkdir(exist_ok=True)
        if not status:
            status, output = run(["make", "-s", f"-j{self.jobs}", "-C", "tools/testing/selftests/scard",
                                  f"O={self.obj}", f"KHDR_INCLUDES=-isystem {self.obj}/usr/include",
                                  f"OUTPUT={self.obj}/kselftest"], self.root)
        output = re.sub(r"(?m)^  [A-Z]+ +\S+\n", "", output)
        return self.said("selftests", status, output)

    def kunit(self):
        """Complaints of the KUnit suites, which run in a kernel that is a process; all of them have to run"""
        status, output = run(["tools/testing/kunit/kunit.py", "run", "--kunitconfig=drivers/scard",
                              f"--build_dir={self.uml}", f"--jobs={self.jobs}", "scard-*"], self.root)
        write(self.logs / "kunit.log", output)
        if status:
            return f"kunit: {output}\n"
        suites = len(list((self.root / "drivers/scard/tests").glob("*_kunit.c")))
        ran = len(re.findall(r"(?m)=+ \[PASSED\] scard-\S+ =+$", output))
        return "" if suites and ran == suites else f"kunit: {ran} of {suites} suites passed\n{output}\n"

    def whole(self):
        """Complaints about the tree with all patches"""
        names = git(self.root, "diff", "--name-only", "--diff-filter=A", self.tree.base).split()
        found = "".join(f"{name}: not in MAINTAINERS\n" for name in names
                        if not any(covers(pattern, name) for pattern in PATTERNS))
        for name in git(self.root, "ls-files", "--others", "--exclude-standard").split():
            found += f"{name}: left over\n"
        for name in names:
            for number, line in enumerate((self.root / name).read_text().splitlines(), 1):
                for word in re.findall(r"(?<![\w./$*<{-])(?:kernel|lib|tests|tools|Documentation)/[\w./-]*\w", line):
                    beside = (self.root / name).parent / re.sub(r"\.o$", ".c", word)
                    if not list(self.root.glob(word)) and not beside.exists():
                        found += f"{name}:{number}: {word} is not in the tree\n"
                if re.search(r"\w\.md\b", line):
                    found += f"{name}:{number}: {line.strip()}\n"
        return found + self.kunit()
