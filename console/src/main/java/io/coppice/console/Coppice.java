package io.coppice.console;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The {@code coppice} command. */
@Command(
    name = "coppice",
    mixinStandardHelpOptions = true,
    versionProvider = Coppice.Version.class,
    header = "Federated learning on an event log, with a model that is pruned while it trains.",
    description =
        "%nEvery update, aggregate and mask is a record in Apache Kafka; the log can be tailed, replayed and audited.%n",
    subcommands = {
      DemoCommand.class,
      RunCommand.class,
      CompareCommand.class,
      PoliciesCommand.class,
      PredictCommand.class,
      ModelCommand.class,
      PruneCommand.class,
      PlotCommand.class,
      TailCommand.class,
      ServeCommand.class,
      AuditCommand.class,
      KeysCommand.class,
      AclsCommand.class,
      BenchCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    footer = "%n'coppice COMMAND --help' tells more about a command.")
public final class Coppice implements Callable<Integer> {

  /** Exit code of a run that could not be done. */
  static final int FAILED = 1;

  /** Exit code of a call that cannot be taken. */
  static final int BAD_INPUT = 2;

  @Spec private CommandSpec spec;

  private Coppice() {}

  /** Without a command: the help, and an exit code that says that nothing was done. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return BAD_INPUT;
  }

  public static void main(String... args) {
    System.exit(newCommandLine().execute(args));
  }

  /** The command line, as the tests drive it. */
  static CommandLine newCommandLine() {
    CommandLine commandLine = new CommandLine(new Coppice());
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setUsageHelpAutoWidth(true);
    commandLine.setParameterExceptionHandler(Coppice::refuse);
    commandLine.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          LogFile.record(failure);
          command.getErr().println(UserError.sentence(failure));
          return failure instanceof UserError error ? error.exitCode() : FAILED;
        });
    return commandLine;
  }

  private static int refuse(CommandLine.ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    command.getErr().println(sentence(failure, args));
    CommandLine.UnmatchedArgumentException.printSuggestions(failure, command.getErr());
    command
        .getErr()
        .printf("'%s --help' tells what is allowed.%n", command.getCommandSpec().qualifiedName());
    return BAD_INPUT;
  }

  private static String sentence(CommandLine.ParameterException failure, String[] args) {
    if (failure instanceof CommandLine.MaxValuesExceededException) {
      Set<String> seen = new HashSet<>();
      for (String arg : args) {
        String name = arg.split("=", 2)[0];
        if (name.startsWith("--") && !seen.add(name)) {
          return "Option '" + name + "' is given more than once.";
        }
      }
    }
    return failure.getMessage().replaceFirst("^Error: ", "");
  }

  /** What {@code --version} prints. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"coppice " + CoppiceVersion.read(), "Java " + Runtime.version()};
    }
  }
}
