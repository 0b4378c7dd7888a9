package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small demo, exported to a bundle and compared with it, through the commands. */
class AuditFilesTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path temporary;

  private static String directory;
  private static String run;

  @BeforeAll
  static void train() throws IOException {
    Path data = SmallMnist.write(temporary.resolve("data"), 60, 20);
    Path report = temporary.resolve("report.json");
    directory = temporary.resolve("demo").toString();
    CommandRun demo =
        CommandRun.of(
            Stream.concat(
                    Stream.of("demo", "--data", data.toString(), "--dir", directory),
                    Stream.of(
                        ("--agents 2 --batch 5 --local-steps 1 --rounds 2 --no-initial-pruning --report "
                                + report)
                            .split(" ")))
                .toArray(String[]::new));
    assertThat(demo.err()).isEmpty();
    run = JSON.readTree(report.toFile()).get("run").textValue();
  }

  private static CommandRun audit(String command, Object... arguments) {
    return CommandRun.of(
        Stream.concat(Stream.of("audit", command), Stream.of(arguments).map(Object::toString))
            .toArray(String[]::new));
  }

  private static void refused(CommandRun call, String sentence) {
    assertThat(call.err()).startsWith(sentence);
    assertThat(call.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(call.out()).isEmpty();
  }

  @Test
  void anExportedRunIsEqualToTheOneInTheLog() throws IOException {
    Path bundle = temporary.resolve("bundle");

    CommandRun export = audit("export", "--dir", directory, "--out", bundle);

    assertThat(export.err()).isEmpty();
    assertThat(export.exitCode()).isZero();
    JsonNode manifest = JSON.readTree(bundle.resolve("manifest.json").toFile());
    List<String> lines = export.out().lines().toList();
    assertThat(lines.get(0))
        .startsWith("Run " + run + " is in " + bundle + ": " + manifest.get("files").size());
    assertThat(lines.get(1))
        .isEqualTo(
            "The run is finished; its seal is "
                + manifest.get("ledger").get("digest").textValue()
                + ".");
    assertThat(lines.get(2))
        .isEqualTo("Digest of the bundle: " + manifest.get("digest").textValue());
    assertThat(manifest.get("log").textValue()).isEqualTo("the log in " + directory);

    CommandRun same = audit("diff", run, run, "--dir", directory, "--with-bundle", bundle);
    assertThat(same.err()).isEmpty();
    assertThat(same.out())
        .contains("Their definitions are the same.")
        .contains("Masks and aggregates of 2 rounds are the same, bit for bit.")
        .contains("1 ends with round 1: the run is finished");
    assertThat(same.exitCode()).isZero();
    CommandRun asJson =
        audit("diff", run, run, "--bundle", bundle, "--with-dir", directory, "--json");
    assertThat(JSON.readTree(asJson.out()).get("equal").booleanValue()).isTrue();
    assertThat(JSON.readTree(asJson.out()).get("equalRounds").intValue()).isEqualTo(2);

    CommandRun verified = audit("verify", "--bundle", bundle);
    assertThat(verified.err()).isEmpty();
    assertThat(verified.out()).contains("Run " + run + " holds: 2 rounds");
    assertThat(verified.exitCode()).isZero();

    Path copy = temporary.resolve("copy");
    assertThat(audit("export", run, "--bundle", bundle, "--out", copy).exitCode()).isZero();
    for (JsonNode file : manifest.get("files")) {
      String name = file.get("name").textValue();
      assertThat(copy.resolve(name)).hasSameBinaryContentAs(bundle.resolve(name));
    }
    Files.createFile(copy.resolve("notes.txt"));
    CommandRun extra = audit("verify", "--bundle", copy);
    assertThat(extra.err().strip())
        .isEqualTo(
            "Not the file that the bundle's manifest lists: notes.txt is not listed in manifest.json.");
    assertThat(extra.exitCode()).isEqualTo(Coppice.FAILED);
    CommandRun document = audit("verify", "--bundle", copy, "--json");
    assertThat(JSON.readTree(document.out()).get("files").findValuesAsText("file"))
        .containsExactly("notes.txt");
    assertThat(document.exitCode()).isEqualTo(Coppice.FAILED);
  }

  @Test
  void whatCannotBeExportedOrReadIsSaidInOneSentence() throws IOException {
    Path full = Files.createDirectory(temporary.resolve("full"));
    Files.createFile(full.resolve("x"));
    refused(
        audit("export", "--dir", directory, "--out", full),
        "--out: " + full + " is not empty: a bundle needs a directory that is new or empty.");
    refused(
        audit("export", "other", "--dir", directory, "--out", temporary.resolve("new")),
        "There is no run other in the log in " + directory + ".");
    assertThat(temporary.resolve("new")).doesNotExist();
    refused(
        audit("export", "--bundle", full, "--out", temporary.resolve("new")),
        "--bundle: " + full + " is no evidence bundle: it has no manifest.json.");
    refused(
        audit("diff", run, run, "--dir", directory),
        "RUN1 and RUN2 are both " + run + ": of one log, two different runs are compared.");
    refused(
        audit("diff", run, run, "--dir", directory, "--with-dir", full),
        "--with-dir " + full + " holds no log of a demo or a comparison.");
    refused(
        audit("diff", run, run, "--dir", directory, "--with-bundle", full),
        "--with-bundle: " + full + " is no evidence bundle: it has no manifest.json.");
    refused(
        audit("export", "--bundle", full, "--dir", directory, "--out", full),
        "[--dir=DIR] and [[--bootstrap=HOST:PORT] [--registry=URL] [--topic-prefix=TEXT] [--command-config=FILE]] and [--bundle=DIR] are mutually exclusive");
    refused(
        audit("export", "--out", full), "Nothing says where the log is: give --dir, or --bundle");
  }
}
