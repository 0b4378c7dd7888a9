package io.coppice.console;

import picocli.CommandLine.Command;

/** {@code coppice audit}: what the log proves. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    header = "Prove what was trained from what: verify, explain, compare and export runs.",
    subcommands = {
      AuditVerifyCommand.class,
      AuditExplainCommand.class,
      AuditDiffCommand.class,
      AuditExportCommand.class
    },
    synopsisSubcommandLabel = "COMMAND")
final class AuditCommand {}
