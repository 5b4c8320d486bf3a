"""Neo4j's own Java programs: where they come from (Maven artefacts) and how one is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graphattr.errors import StoreError

VERSION: Final = "5.26.20"
SERVER_CLASS: Final = "org.neo4j.server.CommunityEntryPoint"
ADMIN_CLASS: Final = "org.neo4j.cli.AdminTool"
MIN_JAVA: Final = 17
#: Downloading the artefacts once takes a minute on a slow line; a hanging one is given up.
MAVEN_SECONDS: Final = 1800
_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath"
_POM: Final = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>graphattr.local</groupId>
  <artifactId>neo4j</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.neo4j</groupId>
      <artifactId>neo4j</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
#: Neo4j's memory-mapped files and network library reach into these packages.
_OPENS: Final = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")


@dataclass(frozen=True)
class Java:
    """A Java program and the classpath of Neo4j."""

    program: str
    classpath: str

    def arguments(self, heap: str, main: str, *args: str) -> list[str]:
        """The command line for a main class; `heap` as Java's -Xmx takes it."""
        opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENS]
        options = ["-Djava.awt.headless=true", f"-Xmx{heap}", "-XX:+UseSerialGC", *opens]
        return [self.program, *options, "-cp", self.classpath, main, *args]

    def admin(self, home: Path, args: Sequence[str], secret: str | None = None) -> None:
        """Run neo4j-admin over a server home.

        Args:
            home: the server's home.
            args: its arguments; relative paths are taken from the home.
            secret: a last argument that must not show in the process list.

        Raises:
            StoreError: it failed; its last lines are in the message.
        """
        command = self.arguments("1g", ADMIN_CLASS, *args)
        hidden = home / "admin.args"
        if secret is not None:
            # Java takes arguments from a file given as @file; backslash and quote are escaped there.
            lines = [*command[1:], secret]
            quoted = ['"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"' for line in lines]
            write_private(hidden, "\n".join(quoted) + "\n")
            command = [self.program, f"@{hidden}"]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment(home),
                cwd=home,
                check=False,
            )
        finally:
            hidden.unlink(missing_ok=True)
        if done.returncode:
            raise StoreError(
                f"neo4j-admin {' '.join(args[:3])} failed: {tail(done.stdout + done.stderr)}", "exit status 0"
            )


def find_java(home: Path) -> Java:
    """Java and Neo4j's artefacts, fetched by Maven the first time and remembered in `home`.

    Raises:
        StoreError: Java or Maven is missing or too old, or the artefacts cannot be had.
    """
    program = _java()
    remembered = home / f"classpath-{VERSION}.txt"
    if remembered.exists():
        classpath = remembered.read_text(encoding="utf-8").strip()
        if classpath and all(Path(part).exists() for part in classpath.split(os.pathsep)):
            return Java(program, classpath)
    return Java(program, _resolve(home, remembered))


def environment(home: Path) -> dict[str, str]:
    """The environment for Neo4j: ours without our secrets, and where its home is."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GRAPHATTR_")}
    return kept | {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def tail(text: str, lines: int = 3) -> str:
    """The last lines that say something, in one."""
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(said[-lines:]) or "it said nothing"


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    program = found or shutil.which("java")
    hint = f"install it, on Debian: apt-get install openjdk-{MIN_JAVA}-jdk-headless"
    if program is None:
        raise StoreError("no `java` on this machine", f"JDK {MIN_JAVA} or 21", hint)
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if match is None or int(match.group(1)) < MIN_JAVA:
        raise StoreError(f"{program} is {tail(said.stderr, 1)}", f"JDK {MIN_JAVA} or 21", hint)
    return program


def _resolve(home: Path, remembered: Path) -> str:
    """Let Maven fetch the artefacts into its own cache; the classpath."""
    maven = shutil.which("mvn")
    if maven is None:
        raise StoreError("no `mvn` on this machine", "Maven", "install it, on Debian: apt-get install maven")
    home.mkdir(parents=True, exist_ok=True)
    pom = home / "pom.xml"
    pom.write_text(_POM, encoding="utf-8")
    new = home / f"{remembered.name}.new"
    try:
        done = subprocess.run(
            [
                maven,
                "-B",
                "-q",
                "-f",
                str(pom),
                _PLUGIN,
                "-Dmdep.includeScope=runtime",
                f"-Dmdep.outputFile={new}",
            ],
            capture_output=True,
            text=True,
            timeout=MAVEN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreError(f"Maven gave no answer in {MAVEN_SECONDS} s", "Neo4j's artefacts") from error
    if done.returncode or not new.exists():
        raise StoreError(
            f"Maven could not fetch org.neo4j:neo4j:{VERSION}: {tail(done.stdout + done.stderr)}",
            "Neo4j's artefacts",
            "see that Maven reaches its repository (~/.m2/settings.xml)",
        )
    new.replace(remembered)
    return remembered.read_text(encoding="utf-8").strip()
