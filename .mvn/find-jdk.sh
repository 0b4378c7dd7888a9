# Sourced by ./mvnw, ./coppice and benchmarks/jmh: leaves JAVA_HOME pointing at a JDK 25 or newer, or says what to install.
# Order: JAVA_HOME, the java on the PATH, then the usual places of Linux, macOS, SDKMAN!, asdf and jEnv.

coppice_jdk_is_new_enough() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  coppice_major=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release")
  [ "${coppice_major:-0}" -ge 25 ]
}

coppice_find_jdk() {
  if [ -n "${JAVA_HOME-}" ] && coppice_jdk_is_new_enough "$JAVA_HOME"; then
    export JAVA_HOME
    return 0
  fi
  coppice_java=$(command -v java 2>/dev/null || true)
  if [ -n "$coppice_java" ]; then
    coppice_java=$(readlink -f "$coppice_java" 2>/dev/null || echo "$coppice_java")
    coppice_candidates=$(dirname "$(dirname "$coppice_java")")
  else
    coppice_candidates=""
  fi
  for coppice_home in "$coppice_candidates" \
    /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME-}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.asdf/installs/java/* "${HOME-}"/.jdks/* \
    "${HOME-}"/.jenv/versions/*; do
    if [ -n "$coppice_home" ] && coppice_jdk_is_new_enough "$coppice_home"; then
      JAVA_HOME=$coppice_home
      export JAVA_HOME
      return 0
    fi
  done
  echo "Coppice needs a JDK 25 or newer and found none: install one (for example Eclipse Temurin 25) or point JAVA_HOME at it." >&2
  return 1
}

coppice_find_jdk || exit 1
