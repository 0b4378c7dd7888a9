package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice serve}: the log of a demo for other tools. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    header = "Start the broker and the schema registry of a demo's directory, for your own tools.",
    description = {
      "",
      "Any Kafka client reads the topics; the values are Avro in Confluent's wire format. Ends with Ctrl-C.",
      ""
    })
final class ServeCommand implements Callable<Integer> {

  @Mixin private LogOption.Directory directory;

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "9092",
      description = "The broker's port on 127.0.0.1; 0 takes a free one.")
  private int port;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    try (StopSignal stop = new StopSignal();
        OpenLog log = directory.open(port)) {
      out.printf(
          "Kafka at %s, schema registry at %s%n",
          log.cluster().bootstrapServers(), log.cluster().registryUrl());
      out.printf("Ctrl-C ends it.%n");
      out.flush();
      stop.await();
    }
    return 0;
  }
}
