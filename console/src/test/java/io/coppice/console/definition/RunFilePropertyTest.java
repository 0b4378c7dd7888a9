package io.coppice.console.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.coppice.aggregator.rounds.RunChecks;
import io.coppice.console.UserError;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.TrainingRun;
import java.nio.file.Path;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;

/** What is accepted here nobody refuses later, and what is broken is refused with its line. */
class RunFilePropertyTest {

  private static final Path FILE = Path.of("run.yaml");

  @Property(tries = 400)
  void whatIsAcceptedPassesEveryLaterCheck(@ForAll long seed) {
    RandomFile file = RandomFile.valid(new Random(seed));
    TrainingRun run = RunFile.parse(file.text(), FILE).toRun("accepted");
    assertThat(RunChecks.definition(run)).isEmpty();
    RunDefinition definition = RunDefinition.of(run, 0);
    MaskPolicy policy = MaskPolicy.named(run.getPruning().getPolicy());
    policy.check(run);
    assertThat(run.getPruning().getDecisions()).isEqualTo(policy.schedule(run));
    assertThat(definition.samplesPerRound()).isPositive();
    assertThat(DefinitionText.lines(definition)).doesNotContainValue("");
    assertThat(DefinitionDifference.between(run, RunFile.parse(file.text(), FILE).toRun("other")))
        .isEmpty();
  }

  @Property(tries = 600)
  void whatIsBrokenIsRefusedWithTheLineOfTheKey(
      @ForAll long seed, @ForAll("breaks") Tuple2<String, String> broken) {
    RandomFile file = RandomFile.valid(new Random(seed));
    file.set(broken.get1(), broken.get2());
    Throwable refusal = catchThrowable(() -> RunFile.parse(file.text(), FILE));
    assertThat(refusal).as(file.text()).isInstanceOf(UserError.class);
    String where = "run.yaml:" + file.line(broken.get1()) + ":";
    assertThat(refusal.getMessage().lines())
        .as(file.text())
        .allSatisfy(line -> assertThat(line).startsWith(where).matches(".*[.?]"));
  }

  @Provide
  static Arbitrary<Tuple2<String, String>> breaks() {
    return Arbitraries.of(
        Tuple.of("rounds", "0"),
        Tuple.of("rounds", "many"),
        Tuple.of("rounds", "1.5"),
        Tuple.of("rounds", "3000000000"),
        Tuple.of("rounds", "[3]"),
        Tuple.of("rounds", ""),
        Tuple.of("run", "Upper"),
        Tuple.of("run", "a/b"),
        Tuple.of("seed", "x"),
        Tuple.of("sed", "1"),
        Tuple.of("model.network", "resnet"),
        Tuple.of("model.input", "[1, 28]"),
        Tuple.of("model.input", "[1, 0, 28]"),
        Tuple.of("model.input", "[1, 2.5, 28]"),
        Tuple.of("model.input", "28"),
        Tuple.of("model.classes", "1"),
        Tuple.of("model.loss", "hinge"),
        Tuple.of("model.layers", "3"),
        Tuple.of("agents.expected", "0"),
        Tuple.of("agents.participants", "0"),
        Tuple.of("agents.participants", "41"),
        Tuple.of("agents.participants", "1.5"),
        Tuple.of("agents.quorum", "0"),
        Tuple.of("agents.quorum", "41"),
        Tuple.of("agents.deadline", "60"),
        Tuple.of("agents.deadline", "0s"),
        Tuple.of("agents.deadline", "366d"),
        Tuple.of("agents.deadline", "soon"),
        Tuple.of("agents.signatures", "maybe"),
        Tuple.of("agents.trusted-keys", "nowhere"),
        Tuple.of("agents.trusted-keys", "[a b c]"),
        Tuple.of("agents.trusted-keys", "[]"),
        Tuple.of("training.local-steps", "0"),
        Tuple.of("training.local-steps", "3000000000"),
        Tuple.of("training.batch", "0"),
        Tuple.of("training.batch", "'5'"),
        Tuple.of("training.learning-rate", "0"),
        Tuple.of("training.learning-rate", "1e999"),
        Tuple.of("training.learning-rate", ".nan"),
        Tuple.of("training.learning-rate-decay", "1.1"),
        Tuple.of("pruning.policy", "lottery"),
        Tuple.of("pruning.reconfigure-every", "0"),
        Tuple.of("pruning.max-decrease", "1"),
        Tuple.of("pruning.half-life", "0"),
        Tuple.of("pruning.max-density", "1.01"),
        Tuple.of("pruning.target-density", "0"),
        Tuple.of("pruning.density", "-0.5"),
        Tuple.of("pruning.regrow", "random"),
        Tuple.of("pruning.importance", "never"),
        Tuple.of("pruning.initial", "yes"),
        Tuple.of("pruning.initial", "{samples: 0}"),
        Tuple.of("pruning.initial", "{round: 3}"),
        Tuple.of("evaluation.every", "0"),
        Tuple.of("evaluation.mode", "local"),
        Tuple.of("cost", "free"),
        Tuple.of("cost", "measured:2"),
        Tuple.of("cost", "file:nowhere.json"),
        Tuple.of("encoding", "int8"),
        Tuple.of("encoding", "{delta: int8}"),
        Tuple.of("checkpoint-every", "0"),
        Tuple.of("shard-values", "255"),
        Tuple.of("shard-values", "4000001"));
  }
}
