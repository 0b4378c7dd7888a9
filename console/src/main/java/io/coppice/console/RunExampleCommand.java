package io.coppice.console;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coppice run example}. */
@Command(
    name = "example",
    mixinStandardHelpOptions = true,
    header = "Print a run definition file with every key, its meaning and its default.",
    description = {"", "A file to begin with: coppice run example > run.yaml", ""})
final class RunExampleCommand implements Callable<Integer> {

  private static final String RESOURCE = "run-example.yaml";

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    try (InputStream example = RunExampleCommand.class.getResourceAsStream(RESOURCE)) {
      spec.commandLine().getOut().print(new String(example.readAllBytes(), StandardCharsets.UTF_8));
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
