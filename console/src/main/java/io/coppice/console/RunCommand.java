package io.coppice.console;

import picocli.CommandLine.Command;

/** {@code coppice run}: runs on a cluster. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    header = "Start, watch, stop and resume runs on a cluster.",
    description = {
      "",
      "A run is defined by a file (docs/runs.md). Aggregator, pruning service and agents of the cluster take it up by themselves; these"
          + " commands only read and write the log, and may be ended at any time.",
      ""
    },
    subcommands = {
      RunExampleCommand.class,
      RunStartCommand.class,
      RunListCommand.class,
      RunStatusCommand.class,
      RunWatchCommand.class,
      RunStopCommand.class,
      RunResumeCommand.class
    },
    synopsisSubcommandLabel = "COMMAND")
final class RunCommand {}
