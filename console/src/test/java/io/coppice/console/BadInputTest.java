package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.Signatures;
import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.TrustedKeysFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cannot be done is said in one sentence, before anything is started or written. */
class BadInputTest {

  @TempDir private static Path temporary;

  private static Path data;

  @BeforeAll
  static void writeFiles() throws IOException {
    data = SmallMnist.write(temporary.resolve("data"), 60, 20);
    Files.writeString(temporary.resolve("file"), "x");
    Path truncated = SmallMnist.write(temporary.resolve("truncated"), 60, 20);
    Path images = truncated.resolve("train-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(images);
    Files.write(images, Arrays.copyOf(bytes, bytes.length / 2));
    Files.writeString(temporary.resolve("unclosed.json"), "[1, 2");
    Files.writeString(temporary.resolve("empty.json"), "{}");
    String first = TrustedKeysFile.line("agent-0", Signatures.newKeyPair().getPublic());
    String second = TrustedKeysFile.line("agent-1", Signatures.newKeyPair().getPublic());
    Files.writeString(temporary.resolve("one-key"), first);
    Files.writeString(temporary.resolve("two-keys"), first + "\n" + second);
    Files.writeString(
        temporary.resolve("free.json"),
        """
        {"fixed_seconds": 1, "communication_seconds_per_weight": 0,
         "computation_seconds_per_weight": [1, 1, 0, 1, 1]}
        """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          --data          | TMP/none        | --data: There is no directory TMP/none.
          --data          | TMP/file        | --data: There is no directory TMP/file.
          --data          | TMP/truncated   | --data: TMP/truncated/train-images-idx3-ubyte is truncated: 23512 bytes where 47040 should be.
          --data          | TMP             | --data: TMP holds no data set: looked for train-images-idx3-ubyte and train-labels-idx1-ubyte (IDX, as MNIST), data_batch_*.bin (CIFAR-10) and train/*.json (LEAF), each with or without .gz.
          --data          | ``              | --data names no directory.
          --model         | resnet          | --model: There is no network "resnet": choose one of conv2, conv4, dscnn, lenet5, mlp, resnet18, vgg11.
          --port          | 70000           | --port is 0 (any free one) to 65535, not 70000.
          --port          | -1              | --port is 0 (any free one) to 65535, not -1.
          --dir           | TMP/file        | --dir TMP/file cannot be used: no permission to create it or write into it, or it is a file.
          --dir           | TMP/file/below  | --dir TMP/file/below cannot be used: no permission to create it or write into it, or it is a file.
          --dir           | ``              | --dir names no directory.
          --rounds        | 0               | --rounds is at least 1, not 0.
          --agents        | 0               | --agents is at least 1, not 0.
          --agents        | 61              | --partition: 60 samples cannot be shared among 61 agents.
          --partition     | dirichlet:-1    | --partition: Alpha of a dirichlet partition must be a number above 0, not -1.0.
          --partition     | dirichlet:NaN   | --partition: Alpha of a dirichlet partition must be a number above 0, not NaN.
          --partition     | halves          | --partition: There is no partition 'halves': use iid, dirichlet:ALPHA (such as dirichlet:0.5), writer or file:PATH.
          --partition     | writer          | --partition: These data do not say who wrote an image; LEAF's data do (directories train and test of JSON files).
          --partition     | file:TMP/none   | --partition: There is no file TMP/none.
          --pruning       | lottery         | --pruning: Unknown pruning policy 'lottery': known are fedrts, fedtiny, iterative, none, online, prunefl, random-reinit, reinit, snip.
          --loss          | hinge           | --loss is one of bce, softmax, not 'hinge'.
          --encoding      | int8            | --encoding is one of bfloat16, float32, not 'int8'.
          --importance-encoding | int8      | --importance-encoding: It is float32, bfloat16, ufloat8, or sparse-ufloat8:SHARE with a share above 0 and at most 1, not 'int8'.
          --importance-encoding | sparse-ufloat8 | --importance-encoding: It is float32, bfloat16, ufloat8, or sparse-ufloat8:SHARE with a share above 0 and at most 1, not 'sparse-ufloat8'.
          --importance-encoding | sparse-ufloat8:0 | --importance-encoding: It is float32, bfloat16, ufloat8, or sparse-ufloat8:SHARE with a share above 0 and at most 1, not 'sparse-ufloat8:0'.
          --importance-encoding | sparse-ufloat8:some | --importance-encoding: It is float32, bfloat16, ufloat8, or sparse-ufloat8:SHARE with a share above 0 and at most 1, not 'sparse-ufloat8:some'.
          --regrow        | random          | --regrow is one of last-value, zero, not 'random'.
          --kernels       | quick           | --kernels: There are no kernels "quick": choose one of measured, usual, dense, sparse.
          --importance    | sometimes       | --importance is one of every-round, last-round, not 'sometimes'.
          --cost          | free            | --cost: There is no cost model 'free': use measured, measured:QUANTILE, paper, paper:NETWORK or file:PATH.
          --cost          | measured:0      | --cost: The quantile of measured:QUANTILE is a number above 0 and at most 1 (1 is the slowest agent), not '0'.
          --cost          | measured:most   | --cost: The quantile of measured:QUANTILE is a number above 0 and at most 1 (1 is the slowest agent), not 'most'.
          --cost          | paper:cifar10   | --cost: The cost model paper:cifar10 is for 11 prunable layers, but the model has 5: use paper, which fits any network.
          --cost          | file:TMP/free.json | --cost: By file:TMP/free.json a weight of prunable layer 2 takes no time, neither to compute nor to send; to be pruned it must take some.
          --learning-rate | 0               | --learning-rate is a number above 0, not 0.0.
          --learning-rate | NaN             | --learning-rate is a number above 0, not NaN.
          --learning-rate-decay | 1.1       | --learning-rate-decay is above 0 and at most 1, not 1.1.
          --max-density   | 1.5             | --max-density is above 0 and at most 1, not 1.5.
          --batch         | 61              | --batch is at most the number of training images, 60, not 61.
          --max-density   | 0               | --max-density is above 0 and at most 1, not 0.0.
          --density       | 1.5             | --density is above 0 and at most 1, not 1.5.
          --density       | 0               | --density is above 0 and at most 1, not 0.0.
          --target-density | NaN            | --target-density is above 0 and at most 1, not NaN.
          --target-density | 0.5            | --pruning prunefl: The bound on the density moves from the maximum density to the target density, so it needs both, and a target of at most the maximum: they are none and 0.5.
          --reconfigure-every | 0           | --reconfigure-every is at least 1, not 0.
          --participants  | 0               | --participants is a number of agents, 1 to 2, or a fraction of them above 0.0 and at most 1.0, not '0'.
          --participants  | 3               | --participants is a number of agents, 1 to 2, or a fraction of them above 0.0 and at most 1.0, not '3'.
          --participants  | 1.5             | --participants is a number of agents, 1 to 2, or a fraction of them above 0.0 and at most 1.0, not '1.5'.
          --participants  | some            | --participants is a number of agents, 1 to 2, or a fraction of them above 0.0 and at most 1.0, not 'some'.
          --local-steps   | 2000000000      | --local-steps times --batch is at most 65536 where --pruning prunefl gathers gradients, not 40000000000.
          --deadline      | 0               | --deadline is at least 1, not 0.
          --signatures    | maybe           | --signatures is one of optional, required, not 'maybe'.
          --trusted-keys  | TMP/none        | --trusted-keys: There is no file TMP/none.
          --trusted-keys  | TMP/file        | --trusted-keys: TMP/file, line 1: A line has an agent id and its public key, not 1 words.
          --trusted-keys  | TMP/one-key     | --trusted-keys: TMP/one-key does not name agent-1; it names every agent that starts here, which are agent-0 to agent-1.
          --trusted-keys  | TMP/two-keys    | --trusted-keys: The key of agent agent-0, which starts here, is not in TMP/run/keys/agent-0.pem: put it there, or have keys made and trusted with --trust.
          --report        | TMP/none/r.json | --report TMP/none/r.json cannot be written: there is no directory TMP/none.
          --report        | TMP             | --report TMP cannot be written: it is a directory.
          """)
  void theDemoSaysWhatIsWrongAndLeavesNothing(String option, String value, String sentence) {
    CommandRun run = demo(option, here(value));
    assertThat(run.err().strip()).isEqualTo(here(sentence));
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(run.out()).isEmpty();
    assertThat(temporary.resolve("run")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          --pruning snip                        | --pruning snip takes over the density of a finished run: give --density, or 'coppice compare' runs one for it.
          --pruning reinit                      | --pruning reinit takes over the mask of a finished run: 'coppice compare' runs one for it.
          --pruning snip --density 1            | --density is below 1 with --pruning snip, which prunes to it.
          --pruning iterative --density 0.1 --rounds 39 | --pruning iterative: Iterative pruning prunes 20 times in the first half of a run, so the run needs at least 40 rounds, not 39.
          --pruning fedtiny --density 0.1 --rounds 30 | --pruning fedtiny: Policy fedtiny exchanges weights every 25 rounds up to round 10 of the run's 30, which is never: take more rounds or a shorter interval.
          --pruning snip --density 0.1 --target-density 0.1 | --target-density is what the bound of prunefl moves to; the density of snip is given with --density.
          --pruning fedrts --density 0.1 --rounds 100 --importance-encoding ufloat8 | --importance-encoding is float32 or bfloat16 where agents upload what is no importance, as --pruning fedrts has it, not ufloat8.
          --trust --trusted-keys keys           | --trust makes the list that --trusted-keys names: leave one of them out.
          --max-density 0.3 --target-density 0.4 | --pruning prunefl: The bound on the density moves from the maximum density to the target density, so it needs both, and a target of at most the maximum: they are 0.3 and 0.4.
          """)
  void aPolicyThatIsGivenNonsenseIsRefused(String options, String sentence) {
    CommandRun run = demo(options.split(" "));
    assertThat(run.err().strip()).isEqualTo(sentence);
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(temporary.resolve("run")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          --policies none,nope           | --pruning: Unknown pruning policy 'nope': known are fedrts, fedtiny, iterative, none, online, prunefl, random-reinit, reinit, snip.
          --policies none,none           | --policies names each policy once, not none,none.
          --policies none,,prunefl       | --policies names the policies, separated by commas.
          --policies none,snip           | --policies: snip takes over the density of a finished run: add prunefl, give --density, or name a run of this log with --source.
          --policies none,reinit         | --policies: reinit takes over the mask of a finished run: add prunefl, or name a run of this log with --source.
          --policies prunefl,iterative --rounds 30 | --pruning iterative: Iterative pruning prunes 20 times in the first half of a run, so the run needs at least 40 rounds, not 30.
          --accuracies 0.9,1.5           | --accuracies are above 0 and at most 1, not 1.5.
          --gradient-norm --gradient-samples 0 | --gradient-samples is at least 1, not 0.
          --cost measured                | --cost: All policies are compared by the same cost model, so it cannot be measured in each run: use paper or file:PATH.
          --rounds 0                     | --rounds is at least 1, not 0.
          """)
  void aComparisonSaysWhatIsWrongAndLeavesNothing(String options, String sentence) {
    List<String> call =
        new ArrayList<>(List.of("compare", "--data", data.toString(), "--agents", "2"));
    call.addAll(List.of("--out", temporary.resolve("comparison").toString()));
    call.addAll(List.of(options.split(" ")));
    CommandRun run = CommandRun.of(call.toArray(String[]::new));
    assertThat(run.err().strip()).isEqualTo(sentence);
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(temporary.resolve("comparison")).doesNotExist();
  }

  @Test
  void measuredCostsNeedMaskDecisions() {
    CommandRun run =
        CommandRun.of(
            "demo",
            "--data",
            data.toString(),
            "--agents",
            "2",
            "--dir",
            temporary.resolve("run").toString(),
            "--pruning",
            "none",
            "--cost",
            "measured");
    assertThat(run.err().strip())
        .isEqualTo(
            "--cost: Measured costs come into force with a mask decision, and with --pruning none there"
                + " is none: use paper or file:PATH.");
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
  }

  @Test
  void agentsWithOtherKeysThanTheListNamesAreRefusedBeforeAnythingIsStarted() throws IOException {
    Path directory = temporary.resolve("kept");
    Path file = Files.createDirectories(directory.resolve("keys")).resolve("agent-0.pem");
    KeyFile.create(file);
    CommandRun run = demo("--dir", directory.toString(), "--trusted-keys", here("TMP/two-keys"));
    assertThat(run.err().strip())
        .isEqualTo(
            "--trusted-keys: Agent agent-0, which starts here, has another key in %s than the list"
                + " names.",
            file);
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(directory).isDirectoryNotContaining("glob:**/broker");
  }

  @Test
  void aTakenPortIsFoundBeforeAnythingIsWritten() throws IOException {
    try (ServerSocket holder = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      CommandRun run = demo("--port", String.valueOf(holder.getLocalPort()));
      assertThat(run.exitCode()).isEqualTo(Coppice.FAILED);
      assertThat(run.err().strip())
          .isEqualTo(
              "Port %d of 127.0.0.1 cannot be opened (Address already in use): stop the program"
                  + " that holds it, or choose another port.",
              holder.getLocalPort());
      assertThat(temporary.resolve("run")).doesNotExist();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          demo --frobnicate                      | Unknown option: '--frobnicate'
          predict --dir x --model m.cps          | [--dir=DIR] and [[--bootstrap=HOST:PORT] [--registry=URL] [--topic-prefix=TEXT] [--command-config=FILE]] and [--model=FILE.cps] are mutually exclusive (specify only one)
          model export --dir x                   | Missing required option: '--out=FILE'
          model export --dir x --out m --format tf | Invalid value for option '--format': expected one of [ONNX, SPARSE] (case-insensitive) but was 'tf'
          demo --rounds many                     | Invalid value for option '--rounds': 'many' is not an int
          demo --rounds                          | Missing required parameter for option '--rounds' (N)
          frobnicate                             | Unmatched argument at index 0: 'frobnicate'
          prune                                  | Missing required parameter: 'CASE.json'
          serve                                  | Missing required option: '--dir=DIR'
          """)
  void aCallThatCannotBeReadPointsToTheHelp(String call, String sentence) {
    CommandRun run = CommandRun.of(call.split(" "));
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(run.err().lines()).first().isEqualTo(sentence);
    assertThat(run.err().lines()).last().asString().endsWith("--help' tells what is allowed.");
    assertThat(run.err()).doesNotContain("\tat ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          prune TMP/none.json                    | There is no file TMP/none.json.
          prune TMP                              | TMP cannot be read: Is a directory.
          prune TMP/file                         | TMP/file is not JSON: Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') in line 1.
          prune TMP/unclosed.json                | TMP/unclosed.json is not JSON: Unexpected end-of-input: expected close marker for Array in line 1.
          prune TMP/empty.json                   | TMP/empty.json: the field layers is missing; it must be a list of objects.
          tail nothing --dir TMP                 | There is no topic 'nothing': known are runs, commands, agents, updates, submissions, rounds, aggregates, importance, masks, checkpoints, metrics, rejects, internal.checks, internal.closes, internal.digests, internal.ticks.
          tail rounds masks ticks --dir TMP      | There is no topic 'ticks': known are runs, commands, agents, updates, submissions, rounds, aggregates, importance, masks, checkpoints, metrics, rejects, internal.checks, internal.closes, internal.digests, internal.ticks.
          tail --round 3-1 --dir TMP             | --round is a round from -1 (initial pruning) on, or a range such as 10-12, not 3-1.
          tail --limit 0 --dir TMP               | --limit is at least 1, not 0.
          tail rounds --dir TMP                  | --dir TMP holds no log of a demo or a comparison.
          serve --dir TMP/none                   | --dir TMP/none holds no log of a demo or a comparison.
          predict --dir TMP --batch 1,0          | --batch is at least 1, not 0.
          predict --dir TMP --images 0           | --images is at least 1, not 0.
          predict --dir TMP --data TMP/data --images 21 | --images is at most the number of test images, 20, not 21.
          predict --dir TMP --data TMP/none      | --data: There is no directory TMP/none.
          predict --dir TMP --report TMP         | --report TMP cannot be written: it is a directory.
          predict --dir TMP --data TMP/data --predictions TMP | --predictions TMP cannot be written: it is a directory.
          predict --dir TMP --data TMP/data --predictions TMP/none/p.csv | --predictions TMP/none/p.csv cannot be written: there is no such directory, or no permission to write into it.
          predict --dir TMP --data TMP/data --predictions TMP/p.csv | --dir TMP holds no log of a demo or a comparison.
          predict --model TMP/none.cps --data TMP/data | --model: There is no file TMP/none.cps.
          predict --model TMP/file --data TMP/data | --model: TMP/file is no sparse model file of Coppice: it does not begin as one.
          predict --model TMP/file --data TMP/data --round 3 | --run and --round choose a model of a log; the file of --model holds one model only.
          model export --dir TMP --out TMP/m.onnx | --dir TMP holds no log of a demo or a comparison.
          model export --dir TMP --out TMP/m.bin  | --out TMP/m.bin ends neither in .onnx nor in .cps: --format onnx or --format sparse says what it is to be.
          model export --dir TMP --out TMP        | --out TMP cannot be written: it is a directory.
          model export --dir TMP --out TMP/none/m.cps | --out TMP/none/m.cps cannot be written: there is no directory TMP/none.
          tail rounds                            | Nothing says where the log is: give --dir, or --bootstrap and --registry of a running cluster, or set COPPICE_BOOTSTRAP and COPPICE_REGISTRY.
          predict --data TMP/data --batch 1      | Nothing says where the log is: give --dir, or --bootstrap and --registry of a running cluster, or set COPPICE_BOOTSTRAP and COPPICE_REGISTRY.
          audit verify                           | Nothing says where the log is: give --dir, or --bundle, or --bootstrap and --registry of a running cluster, or set COPPICE_BOOTSTRAP and COPPICE_REGISTRY.
          run status --bootstrap x:1             | --registry names the schema registry of the cluster: give it, or set COPPICE_REGISTRY.
          run stop                               | --bootstrap names the Kafka brokers of a running cluster: give it, or set COPPICE_BOOTSTRAP.
          run start --file TMP/none.yaml         | --file: There is no file TMP/none.yaml.
          tail rounds --bootstrap here --registry http://localhost:1 | --bootstrap here: Invalid url in bootstrap.servers: here.
          """)
  void theOtherCommandsSayWhatIsWrong(String call, String sentence) {
    CommandRun run = CommandRun.of(here(call).split(" "));
    assertThat(run.err().strip()).isEqualTo(here(sentence));
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(temporary.resolve("p.csv.part")).doesNotExist();
  }

  @Test
  void aClusterThatDoesNotAnswerIsNamed() throws IOException {
    int free;
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      free = probe.getLocalPort();
    }
    Path soon = temporary.resolve("soon.properties");
    Files.writeString(soon, "default.api.timeout.ms=2000\nrequest.timeout.ms=2000\n");
    CommandRun run =
        CommandRun.of(
            ("tail rounds --registry http://x:1 --bootstrap 127.0.0.1:%d --command-config %s")
                .formatted(free, soon)
                .split(" "));
    assertThat(run.err().strip())
        .isEqualTo("--bootstrap: No Kafka broker answers at 127.0.0.1:%d.", free);
    assertThat(run.exitCode()).isEqualTo(Coppice.FAILED);
  }

  /** A demo that would work, but for some options. */
  private static CommandRun demo(String... options) {
    List<String> given = List.of(options);
    List<String> arguments = new ArrayList<>(List.of("demo"));
    if (!given.contains("--data")) {
      arguments.addAll(List.of("--data", data.toString()));
    }
    if (!given.contains("--dir")) {
      arguments.addAll(List.of("--dir", temporary.resolve("run").toString()));
    }
    if (!given.contains("--agents")) {
      arguments.addAll(List.of("--agents", "2"));
    }
    arguments.addAll(given);
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  private static String here(String text) {
    return text.replace("TMP", temporary.toString());
  }
}
