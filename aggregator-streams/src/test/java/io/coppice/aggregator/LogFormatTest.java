package io.coppice.aggregator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.RunContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What stands on a service's standard output, by the environment that it is started with. */
class LogFormatTest {

  /** Logs a line outside of any run, then one in a run, a round, for an agent. */
  static final class Lines {
    private static final Logger log = LoggerFactory.getLogger("io.coppice.Lines");

    public static void main(String[] arguments) {
      log.info("none");
      try (RunContext _ = RunContext.of("run-a")) {
        log.info("run \"{}\"", 1);
        try (RunContext _ = RunContext.of("run-a", 3)) {
          log.warn("round");
          try (RunContext _ = RunContext.ofAgent("agent-7")) {
            log.info("agent");
          }
        }
        log.debug("detail");
      }
      try (RunContext _ = RunContext.ofAgent("agent-7")) {
        log.info("agent only");
      }
      log.info("none again");
    }
  }

  @Test
  void textSaysRunRoundAndAgentWhereThereAreAny() throws Exception {
    assertThat(linesOf(Map.of()))
        .map(line -> line.replaceFirst("^\\S+ ", ""))
        .containsExactly(
            "INFO  io.coppice.Lines - none",
            "INFO  io.coppice.Lines [run-a] - run \"1\"",
            "WARN  io.coppice.Lines [run-a 3] - round",
            "INFO  io.coppice.Lines [run-a 3 agent-7] - agent",
            "INFO  io.coppice.Lines [agent-7] - agent only",
            "INFO  io.coppice.Lines - none again");
  }

  @Test
  void jsonIsOneObjectALine() throws Exception {
    List<String> lines = linesOf(Map.of("COPPICE_LOG_FORMAT", "json"));
    assertThat(lines)
        .hasSize(6)
        .allMatch(line -> line.startsWith("{\"timestamp\":") && line.endsWith("}"));
    assertThat(lines.get(0)).contains("\"level\":\"INFO\"", "\"loggerName\":\"io.coppice.Lines\"");
    assertThat(lines.get(1))
        .contains("\"formattedMessage\":\"run \\\"1\\\"\"", "\"mdc\": {\"run\":\"run-a\"}");
    assertThat(lines.get(3))
        .contains("\"run\":\"run-a\"", "\"round\":\"3\"", "\"agent\":\"agent-7\"");
    assertThat(lines.get(5)).doesNotContain("run-a", "agent-7");
  }

  @Test
  void theLevelIsThatOfTheEnvironment() throws Exception {
    assertThat(linesOf(Map.of("COPPICE_LOG_LEVEL", "DEBUG"))).anyMatch(l -> l.endsWith("detail"));
    assertThat(linesOf(Map.of("COPPICE_LOG_LEVEL", "WARN"))).hasSize(1);
  }

  private static List<String> linesOf(Map<String, String> environment)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-Dlogback.configurationFile=aggregator-logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Lines.class.getName())
            .redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }
}
