package io.coppice.console.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.console.CommandRun;
import io.coppice.console.UserError;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.keys.TrustedKeysFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Run definition files, each with a sentence for everything that is wrong. */
class RunFileTest {

  @TempDir private Path temporary;

  private static TrainingRun run(String text) {
    return RunFile.parse(text, Path.of("f")).toRun("r");
  }

  @Test
  void allIsToldAtOnceInTheOrderOfTheFile() {
    assertThatThrownBy(
            () ->
                run(
                    """
                    rounds: none
                    model:
                      netwrok: mlp
                    agents:
                      expected: 4
                      quorum: 5
                      expected: 3
                    pruning: {policy: snip, initial: true}
                    trainning: {}
                    """))
        .isInstanceOf(UserError.class)
        .hasMessage(
            """
            f:1:9: rounds is a whole number, not none.
            f:3:3: There is no key 'netwrok' in model: did you mean 'network'?
            f:6:11: agents.quorum is at most agents.expected, 4, not 5.
            f:7:3: agents.expected is given in line 5 already.
            f:8:19: pruning.policy snip needs pruning.density, above 0 and below 1.
            f:8:34: pruning.initial is a stage of pruning.policy prunefl, and not of snip.
            f:9:1: There is no key 'trainning': did you mean 'training'?"""
                .replace("\n", System.lineSeparator()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ``                                     | f:1:1: The file is empty: 'coppice run example' prints one.
          5                                      | f:1:1: A run definition is a group of keys with their values, such as 'rounds: 100', not 5.
          {rounds: 3                             | f:1:11: This is not YAML: expected ',' or '}', but got <stream end>.
          {{a: 1}: 2}                            | f:1:2: A key is a word, not a group of keys.
          {rounds: null}                         | f:1:2: rounds has no value: it is a whole number, or left out.
          {rounds: '5'}                          | f:1:10: rounds is a whole number, not the text '5'.
          {evaluation: {often: 5}}               | f:1:15: There is no key 'often' in evaluation: known are every, mode.
          {run: ' '}                             | f:1:7: run is an empty text: leave the key out.
          {run: A}                               | f:1:7: run is 1 to 64 of a-z, 0-9 and '-', not 'A'.
          {model: {network: vgg11}}              | f:1:19: model.input: Images of 28 x 28 pixels do not fit network vgg11: there are no squares of 2 x 2 in 1 x 1 pixels to pool.
          {model: {classes: 1}}                  | f:1:19: model.classes is at least 2, not 1.
          {agents: {participants: 0.0}}          | f:1:25: agents.participants is a number of agents, 1 to 10, or a fraction of them above 0.0 and at most 1.0, not '0.0'.
          {agents: {participants: 3, quorum: 4}} | f:1:36: agents.quorum is at most agents.participants, 3, not 4.
          {agents: {trusted-keys: [a b]}}        | f:1:26: agents.trusted-keys: 'b' is not an Ed25519 public key: 60 characters of base64, as 'coppice keys show' prints.
          {agents: {deadline: 1w}}               | f:1:21: agents.deadline is a duration of at most 365d such as 60s, 5m or 1h, not 1w.
          {training: {local-steps: 7000}}        | f:1:26: training.local-steps times training.batch is at most 65536 where pruning.policy prunefl gathers gradients, not 140000.
          {training: {batch: 70000}}             | f:1:20: training.local-steps times training.batch is at most 65536 where pruning.policy prunefl gathers gradients, not 350000.
          {training: {local-steps: 200000000}, pruning: {policy: none}} | f:1:26: training.local-steps times training.batch is at most 2147483647, not 4000000000.
          {pruning: {policy: reinit}}            | f:1:20: pruning.policy reinit takes over the mask of a finished run, which a file does not name: 'coppice compare' runs one for it.
          {pruning: {density: 0.5}}              | f:1:21: pruning.density is for policies that keep to a given density, and not for prunefl.
          {pruning: {policy: snip, density: 1}}  | f:1:35: pruning.density is below 1 with pruning.policy snip, which prunes to it.
          {pruning: {policy: none, max-density: 0.5}} | f:1:39: pruning.max-density is the bound of prunefl, and not of none.
          {pruning: {max-density: 0.3, target-density: 0.4}} | f:1:46: pruning.target-density is what the bound moves to from pruning.max-density, and at most as large: they are 0.4 and 0.3.
          {pruning: {policy: iterative, density: 0.1}, rounds: 39} | f:1:20: pruning.policy iterative: Iterative pruning prunes 20 times in the first half of a run, so the run needs at least 40 rounds, not 39.
          {pruning: {initial: {samples: 30}}}    | f:1:31: pruning.initial.samples is a multiple of training.batch, 20, not 30.
          {cost: measured, pruning: {policy: none}} | f:1:8: cost: Measured costs come into force with a mask decision, and with pruning.policy none there is none: use paper or file:PATH.
          {cost: paper:cifar10}                  | f:1:8: cost: The cost model paper:cifar10 is for 11 prunable layers, but the model has 5: use paper, which fits any network.
          {encoding: {importance: 'sparse-ufloat8:0.1'}, shard-values: 2000000} | f:1:62: shard-values is at most 1048576 where importance travels as sparse-ufloat8, not 2000000.
          {encoding: [a]}                        | f:1:12: encoding is one of bfloat16, float32, not a list.
          """)
  void whatIsWrongIsSaidInOneSentence(String text, String sentence) {
    assertThatThrownBy(() -> run(text)).isInstanceOf(UserError.class).hasMessage(sentence);
  }

  @Test
  void anEmptyGroupIsTheDemo() {
    TrainingRun run = run("{}");
    assertThat(run.getArchitecture().getNetwork()).isEqualTo("lenet5");
    assertThat(run.getParticipation().getQuorum()).isEqualTo(5);
    assertThat(run.getInitialPruning().getSamples()).isEqualTo(200);
    assertThat(run.getPruning().getDecisions().getFirst()).isEqualTo(25);
  }

  @Test
  void theExampleIsValidAndSaysWhatHoldsAnyway() throws IOException {
    CommandRun example = CommandRun.of("run", "example");
    assertThat(example.exitCode()).isZero();
    Path file = Files.writeString(temporary.resolve("example.yaml"), example.out());
    TrainingRun run = RunFile.read(file).toRun("r");
    assertThat(DefinitionDifference.between(run, run("{}"))).isEmpty();
  }

  /** Every line that is a comment only because it has no default is one that can be switched on. */
  @Test
  void theKeysThatTheExampleLeavesOutAreKeys() throws IOException {
    String example = CommandRun.of("run", "example").out();
    String all =
        example
            .replace("# run:", "run:")
            .replaceAll("# (participants|max-density|target-density):", "$1:")
            .replace("expected: 10 ", "expected: 10");
    TrainingRun run = run(all);
    assertThat(run.getParticipation().getParticipants()).isEqualTo(5);
    assertThat(run.getPruning().getMaxDensity()).isEqualTo(0.3);
    assertThat(run.getPruning().getTargetDensity()).isEqualTo(0.1);
    assertThat(example).contains("# trusted-keys:", "# density:");
  }

  @Test
  void jsonMayBeIndentedWithTabs() {
    assertThat(run("{\n\t\"rounds\": 3,\n\t\"seed\": -4\n}").getSeed()).isEqualTo(-4);
    assertThatThrownBy(() -> run("{\n\t\"rounds\": 0\n}"))
        .hasMessage("f:2:12: rounds is at least 1, not 0.");
  }

  @Test
  void encodingsMayDiffer() {
    var encoding = run("encoding: {delta: bfloat16, importance: bfloat16}").getEncoding();
    assertThat(encoding.getDelta()).isEqualTo(TensorEncoding.BFLOAT16);
    assertThat(encoding.getAggregate()).isEqualTo(TensorEncoding.FLOAT32);
    TrainingRun sparse = run("encoding: {importance: 'sparse-ufloat8:0.25'}");
    assertThat(sparse.getEncoding().getImportance()).isEqualTo(TensorEncoding.SPARSE_UFLOAT8);
    assertThat(sparse.getPruning().getImportanceShare()).isEqualTo(0.25);
  }

  @Test
  void trustedKeysComeFromAFileBesideTheDefinitionOrFromAList() throws IOException {
    String b = TrustedKeysFile.line("b", Signatures.newKeyPair().getPublic());
    String a = TrustedKeysFile.line("a", Signatures.newKeyPair().getPublic());
    Files.writeString(temporary.resolve("keys"), b + "\n" + a + "\n");
    String agents = "{agents: {expected: 2, trusted-keys: %s}}";
    TrainingRun ofFile = RunFile.parse(agents.formatted("keys"), temporary.resolve("f")).toRun("r");
    TrainingRun ofList = run(agents.formatted("['" + b + "', " + a + "]"));
    assertThat(ofFile.getTrustedKeys()).isEqualTo(ofList.getTrustedKeys());
    assertThat(ofFile.getTrustedKeys())
        .extracting(TrustedKey::getAgentId)
        .containsExactly("a", "b");
    assertThat(DefinitionDifference.between(run("{agents: {expected: 2}}"), ofList))
        .contains("agents.trusted-keys");
    assertThatThrownBy(() -> run(agents.formatted("[" + a + "]")))
        .hasMessage(
            "f:1:38: agents.trusted-keys names every agent that is expected, at least 2, not 1.");
    assertThatThrownBy(() -> run(agents.formatted("[" + a + ", " + a + "]")))
        .hasMessageContaining("agents.trusted-keys: Agent a has a key already.");
  }

  @Test
  void aCostModelLiesBesideTheDefinition() throws IOException {
    Files.writeString(
        temporary.resolve("cost.json"),
        """
        {"fixed_seconds": 1, "communication_seconds_per_weight": 0.5,
         "computation_seconds_per_weight": [1, 1, 1]}
        """);
    TrainingRun run =
        RunFile.parse("{model: {network: mlp}, cost: file:cost.json}", temporary.resolve("f"))
            .toRun("r");
    assertThat(run.getCost().getName()).isEqualTo("file:cost.json");
    assertThat(run.getCost().getCommunicationSecondsPerWeight()).isEqualTo(0.5);
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws IOException {
    Path none = temporary.resolve("none.yaml");
    assertThatThrownBy(() -> RunFile.read(none)).hasMessage("--file: There is no file %s.", none);
    Path binary = temporary.resolve("binary");
    Files.write(binary, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThatThrownBy(() -> RunFile.read(binary))
        .hasMessage("--file: %s is not text in UTF-8.", binary);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {seed: 1}                         | seed
          {rounds: 7}                       | rounds
          {model: {network: mlp}}           | model.network
          {model: {loss: bce}}              | model.loss
          {agents: {quorum: 1}}             | agents.quorum
          {agents: {participants: 7, quorum: 5}} | agents.participants
          {agents: {deadline: 1s}}          | agents.deadline
          {training: {learning-rate: 0.5}}  | training.learning-rate
          {pruning: {regrow: zero}}         | pruning.regrow
          {pruning: {initial: false}}       | pruning.initial
          {pruning: {initial: {max-rounds: 3}}} | pruning.initial.max-rounds
          {cost: measured}                  | cost
          {encoding: {aggregate: bfloat16}} | encoding.aggregate
          {shard-values: 1000}              | shard-values
          """)
  void theKeyInWhichTwoDefinitionsDifferIsNamed(String text, String key) {
    assertThat(DefinitionDifference.between(run("{}"), run(text))).contains(key);
  }

  @Test
  void durationsAreReadAsTheyAreWritten() {
    for (String text : List.of("1ms", "999ms", "1s", "90s", "5m", "1h", "365d")) {
      assertThat(Durations.format(Durations.parse(text).orElseThrow())).isEqualTo(text);
    }
    assertThat(Durations.parse("60s")).contains(60_000L);
    for (String text : List.of("0s", "366d", "-1s", "1.5s", "1 s", "s", "99999999999999999s")) {
      assertThat(Durations.parse(text)).as(text).isEmpty();
    }
    assertThatCode(() -> Durations.parse("999999999999999d")).doesNotThrowAnyException();
  }
}
