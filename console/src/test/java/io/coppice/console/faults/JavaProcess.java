package io.coppice.console.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A program in a process of its own, which can be killed, frozen, asked to end, and started again as it was. Its output goes to a
 * file, one after the other for all its lives.
 */
final class JavaProcess implements AutoCloseable {

  /** Start-up counts for more than speed: most of these processes live for seconds. Without its compiler the Vector API would be slow. */
  private static final List<String> JVM =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-Xshare:auto",
          "-XX:-UsePerfData",
          "-Dorg.bytedeco.javacpp.maxbytes=0",
          "-Dorg.bytedeco.javacpp.maxphysicalbytes=0");

  private static final int SHOWN_CHARACTERS = 6000;
  private static final long END_SECONDS = 120;

  /** How a line begins that a logger has written, or a JVM that ends with an exception. */
  private static final Pattern LOGGED = Pattern.compile("\\d\\d:\\d\\d:\\d\\d|Exception in");

  private final String name;
  private final List<String> command = new ArrayList<>();
  private final Path output;
  private Process process;

  /**
   * A process that is yet to be started.
   *
   * @param jvmArguments what this JVM is given beside what all are
   */
  JavaProcess(
      String name,
      Path directory,
      Class<?> main,
      int heapMegabytes,
      List<String> jvmArguments,
      List<String> arguments) {
    this.name = name;
    this.output = directory.resolve(name + ".log");
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    command.add("-Xmx" + heapMegabytes + "m");
    command.addAll(jvmArguments);
    command.addAll(
        List.of(
            "-cp", System.getProperty("java.class.path"), Leash.class.getName(), main.getName()));
    command.addAll(arguments);
  }

  String name() {
    return name;
  }

  /** Starts it, for the first time or again. */
  JavaProcess start() {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    builder.environment().putAll(Map.of("OMP_NUM_THREADS", "1"));
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** Id of its present life. */
  long pid() {
    return process.pid();
  }

  /** SIGKILL: it ends without warning. */
  void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** SIGTERM: it is asked to end, and does. */
  void terminate() {
    // Process.destroy would also close its standard input, and the leash would cut it short.
    process.toHandle().destroy();
    awaitEnd();
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError(name + " has not ended within " + END_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** SIGSTOP: it does nothing more, and holds what it holds. */
  void freeze() {
    signal("-STOP");
  }

  /** SIGCONT: it goes on as if nothing had been. */
  void thaw() {
    signal("-CONT");
  }

  private void signal(String signal) {
    try {
      int status =
          new ProcessBuilder("kill", signal, String.valueOf(process.pid())).start().waitFor();
      if (status != 0) {
        throw new AssertionError("kill " + signal + " " + name + " ended with " + status);
      }
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Whether it has written a text so far. */
  boolean hasSaid(String text) {
    return output().contains(text);
  }

  /** The last line of its output that is not part of a stack trace. */
  String lastLine() {
    return output()
        .lines()
        .filter(line -> LOGGED.matcher(line).lookingAt())
        .reduce(title(), (first, second) -> title() + ": " + second);
  }

  private String title() {
    return name + (isAlive() ? "" : " (ended)");
  }

  /** The end of its output. */
  String lastWords() {
    String all = output();
    return "---- " + title() + "\n" + all.substring(Math.max(0, all.length() - SHOWN_CHARACTERS));
  }

  private String output() {
    try {
      return Files.exists(output)
          ? new String(Files.readAllBytes(output), StandardCharsets.UTF_8)
          : "";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
