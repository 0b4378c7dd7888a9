package io.coppice.console;

import io.coppice.schemas.LogKeys;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.KeyFileException;
import io.coppice.schemas.keys.PublicKeys;
import io.coppice.schemas.keys.TrustedKeysFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice keys}: the keys that agents sign with. */
@Command(
    name = "keys",
    mixinStandardHelpOptions = true,
    header = "Make and show the keys that agents sign with.",
    subcommands = {KeysCommand.Create.class, KeysCommand.Show.class},
    synopsisSubcommandLabel = "COMMAND")
final class KeysCommand {

  /** Stands in a line for the agent whose id is not known. */
  private static final String SOME_AGENT = "AGENT-ID";

  /** Says what a key is. */
  static final class Output {
    @Option(
        names = "--agent",
        paramLabel = "ID",
        description =
            "The agent in the line for a list of trusted keys. Default: the name of the file, if it may be one.")
    private String agent;

    @Option(names = "--line", description = "Print that line only.")
    private boolean line;

    void print(Path file, PublicKey key, PrintWriter out) {
      String trusted = TrustedKeysFile.line(agentId(file), key);
      if (line) {
        out.println(trusted);
      } else {
        out.printf("Public key    %s%n", PublicKeys.base64(key));
        out.printf("Fingerprint   %s%n", PublicKeys.fingerprint(key));
        out.printf("Trusted line  %s%n", trusted);
      }
      out.flush();
    }

    private String agentId(Path file) {
      if (agent != null) {
        if (!LogKeys.isName(agent)) {
          throw UserError.badInput("--agent is 1 to 64 of a-z, 0-9 and '-', not '" + agent + "'.");
        }
        return agent;
      }
      String name = String.valueOf(file.getFileName()).replaceFirst("(\\.pub)?\\.[^.]*$", "");
      return LogKeys.isName(name) ? name : SOME_AGENT;
    }
  }

  /** {@code coppice keys create}. */
  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      header = "Make a new Ed25519 key and write it as PEM.",
      description = {
        "",
        "The file holds the private and the public key, is readable by its owner only, and is never overwritten. An agent takes it"
            + " as coppice.agent.key-file, openssl reads it as well.",
        ""
      })
  static final class Create implements Callable<Integer> {

    @Option(
        names = "--out",
        paramLabel = "FILE.pem",
        required = true,
        description = "The file; it must not be there yet.")
    private Path file;

    @Mixin private Output output;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PublicKey key = read(() -> KeyFile.create(file).getPublic());
      output.print(file, key, spec.commandLine().getOut());
      return 0;
    }
  }

  /** {@code coppice keys show}. */
  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      header =
          "Show the public key of a key file, its fingerprint, and its line for a list of trusted keys.",
      description = {
        "",
        "The file is PEM, with a private key or a public one alone, or PKCS#12. The public key is X.509 SubjectPublicKeyInfo, DER, in"
            + " base64, as it stands in the log; the fingerprint is its SHA-256.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  coppice keys show agent-7.pem",
        "  coppice keys show agent-7.pem --line >> trusted-keys",
        "  coppice keys show store.p12 --password-file secret --alias agent-7"
      })
  static final class Show implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "FILE", description = "The key file.")
    private Path file;

    @Option(
        names = "--password-file",
        paramLabel = "FILE",
        description = "File whose first line is the password of a PKCS#12 file.")
    private Path passwordFile;

    @Option(
        names = "--alias",
        paramLabel = "NAME",
        description = "Which key of a PKCS#12 file, where it holds more than one.")
    private String alias;

    @Mixin private Output output;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PublicKey key =
          read(
              () ->
                  new KeyFile(
                          file,
                          Optional.ofNullable(passwordFile).map(KeyFile::passwordIn),
                          Optional.ofNullable(alias))
                      .readPublic());
      output.print(file, key, spec.commandLine().getOut());
      return 0;
    }
  }

  private static PublicKey read(Supplier<PublicKey> reading) {
    try {
      return reading.get();
    } catch (KeyFileException e) {
      throw UserError.badInput(e.getMessage(), e);
    }
  }
}
