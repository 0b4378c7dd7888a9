package io.coppice.console;

import io.coppice.console.access.AccessTable;
import io.coppice.console.access.UnreadableFileException;
import io.coppice.console.access.UsersFile;
import io.coppice.schemas.ClientConfigFile;
import io.coppice.schemas.LogKeys;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.acl.AclBinding;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice acls}: who may do what on a cluster. */
@Command(
    name = "acls",
    mixinStandardHelpOptions = true,
    header = "Give every role the rights that it needs on a cluster, and no more.",
    subcommands = AclsCommand.Apply.class,
    synopsisSubcommandLabel = "COMMAND")
final class AclsCommand {

  private AclsCommand() {}

  /** {@code coppice acls apply}. */
  @Command(
      name = "apply",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      header = "Add the access control lists of a table, and the users that they are for.",
      description = {
        "",
        "Adds what is missing and takes nothing away. Needs the rights of a super user; the brokers need an authorizer.",
        ""
      })
  static final class Apply implements Callable<Integer> {

    @Option(
        names = "--file",
        paramLabel = "FILE",
        required = true,
        description = "The table, such as docker/acls.txt, which says what a line is.")
    private Path file;

    @Option(
        names = "--agents",
        paramLabel = "N",
        required = true,
        description =
            "Agents that there are, named as those that take slots: agent-00, agent-01 ...")
    private int agents;

    @Option(
        names = "--agent-id",
        paramLabel = "ID",
        defaultValue = "agent",
        description = "What their names begin with. Default: ${DEFAULT-VALUE}.")
    private String agentId;

    @Option(
        names = "--users",
        paramLabel = "FILE",
        description =
            "Make these users first: a file with lines of name and password, for SCRAM-SHA-512. Those that are there get the password.")
    private Path users;

    @Option(
        names = "--bootstrap",
        paramLabel = "HOST:PORT",
        required = true,
        defaultValue = "${COPPICE_BOOTSTRAP}",
        description = "Kafka brokers of a running cluster (COPPICE_BOOTSTRAP).")
    private String bootstrap;

    @Option(
        names = "--command-config",
        paramLabel = "FILE",
        defaultValue = "${COPPICE_COMMAND_CONFIG:-" + Option.NULL_VALUE + "}",
        description =
            "File of client properties for it, such as security.protocol and sasl.jaas.config (COPPICE_COMMAND_CONFIG).")
    private Path commandConfig;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
      List<AclBinding> bindings = bindings();
      List<UserScramCredentialAlteration> credentials =
          users == null ? List.of() : credentials(users);
      ClientConfigFile file =
          commandConfig == null ? ClientConfigFile.NONE : ClientConfigFile.read(commandConfig);
      try (Admin admin = Admin.create(file.cluster(bootstrap, "", "").kafka())) {
        if (!credentials.isEmpty()) {
          admin.alterUserScramCredentials(credentials).all().get();
        }
        admin.createAcls(bindings).all().get();
      } catch (ExecutionException e) {
        throw UserError.failed(
            "Users and access control lists cannot be added: " + e.getCause().getMessage(),
            e.getCause());
      } catch (KafkaException e) {
        throw UserError.badInput("--bootstrap " + bootstrap + ": " + e.getMessage() + ".", e);
      }
      spec.commandLine()
          .getOut()
          .printf(
              "%d access control lists for %d agents are in force, and %d users can log in.%n",
              bindings.size(), agents, credentials.size());
      spec.commandLine().getOut().flush();
      return 0;
    }

    private static List<UserScramCredentialAlteration> credentials(Path users) {
      try {
        return UsersFile.read(users);
      } catch (UnreadableFileException e) {
        throw UserError.badInput("--users: " + e.getMessage(), e);
      }
    }

    private List<AclBinding> bindings() {
      if (agents < 1) {
        throw UserError.badInput("--agents is at least 1, not " + agents + ".");
      }
      if (!LogKeys.isName(agentId)) {
        throw UserError.badInput(
            "--agent-id is 1 to 64 of a-z, 0-9 and '-', not '" + agentId + "'.");
      }
      try {
        return AccessTable.read(file)
            .bindings(
                IntStream.range(0, agents)
                    .mapToObj(slot -> String.format("%s-%02d", agentId, slot))
                    .toList());
      } catch (UnreadableFileException e) {
        throw UserError.badInput("--file: " + e.getMessage(), e);
      }
    }
  }
}
