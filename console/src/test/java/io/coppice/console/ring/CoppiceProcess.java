package io.coppice.console.ring;

import io.coppice.console.Coppice;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The command in a process of its own. */
final class CoppiceProcess {

  private final Process process;
  private final BufferedReader output;

  private CoppiceProcess(Process process) {
    this.process = process;
    this.output = process.inputReader(StandardCharsets.UTF_8);
  }

  static CoppiceProcess start(List<String> arguments) throws IOException {
    return start(arguments, Map.of());
  }

  /**
   * @param environment further variables of its environment
   */
  static CoppiceProcess start(List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                // It is over before the optimizing compiler would have paid.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-Dlogback.configurationFile=console-logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Coppice.class.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OMP_NUM_THREADS", "1");
    builder.environment().putAll(environment);
    return new CoppiceProcess(builder.start());
  }

  /** Reads the output up to a line that begins in this way. */
  void awaitLine(String beginning) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith(beginning)) {
        return;
      }
      lines.add(line);
    }
    throw new AssertionError("'" + beginning + "' does not come: " + lines);
  }

  /** Reads the next line of the output; there must be one. */
  String readLine() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new AssertionError("the output has ended");
    }
    return line;
  }

  /** As a reader that has seen enough. */
  void closeOutput() throws IOException {
    output.close();
  }

  /** Asks it to end, as Ctrl-C does; what it says then can still be read. */
  void terminate() {
    process.toHandle().destroy();
  }

  void awaitExit() throws InterruptedException {
    process.waitFor();
  }

  /** Reads the rest of the output. */
  List<String> awaitEnd() throws InterruptedException {
    List<String> lines = output.lines().toList();
    process.waitFor();
    return lines;
  }

  /** Ends it without warning. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  int exitValue() {
    return process.exitValue();
  }
}
