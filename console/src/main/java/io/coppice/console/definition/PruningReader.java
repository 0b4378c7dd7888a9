package io.coppice.console.definition;

import io.coppice.console.federation.Range;
import io.coppice.console.federation.RunChoices;
import io.coppice.console.federation.RunDefaults;
import io.coppice.console.federation.RunRules;
import io.coppice.console.federation.RunSettings;
import io.coppice.console.federation.Setting;
import io.coppice.pruning.Inheritance;
import io.coppice.pruning.MaskPolicy;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.PruningPolicy;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads the group {@code pruning} of a run definition file. */
final class PruningReader {

  private static final String INITIAL_KIND =
      "true, false, or a group of its settings such as 'max-rounds: 100'";

  private final Section pruning;
  private final RunRules rules;
  private final Problems problems;
  private final Map<Setting, Place> places;
  private MaskPolicy maskPolicy;
  private PruningPolicy policy;

  /** Takes the keys below {@code initial}; null if the run has no such stage. */
  private Section initial;

  PruningReader(Section pruning, RunRules rules, Problems problems, Map<Setting, Place> places) {
    this.pruning = pruning;
    this.rules = rules;
    this.problems = problems;
    this.places = places;
  }

  MaskPolicy maskPolicy() {
    return maskPolicy;
  }

  /** The policy, still without its schedule. */
  PruningPolicy policy() {
    return policy;
  }

  PruningReader read() {
    Map<String, MaskPolicy> policies = new TreeMap<>();
    MaskPolicy.all().forEach(known -> policies.put(known.name(), known));
    Value<MaskPolicy> named = pruning.choice("policy", RunDefaults.POLICY, policies);
    maskPolicy = named.value();
    places.put(Setting.POLICY, named.place());
    Value<Integer> every =
        pruning.integer("reconfigure-every", RunDefaults.RECONFIGURE_EVERY, Range.atLeast(1));
    Value<Double> decrease =
        pruning.number("max-decrease", RunDefaults.MAX_DECREASE, Range.BELOW_ONE);
    Value<Double> halfLife = pruning.number("half-life", RunDefaults.HALF_LIFE, Range.POSITIVE);
    Value<Double> max = pruning.number("max-density", null, Range.FRACTION);
    Value<Double> target = pruning.number("target-density", null, Range.FRACTION);
    Value<Double> density = pruning.number("density", null, Range.FRACTION);
    var regrow = pruning.choice("regrow", RunDefaults.REGROW, RunChoices.REGROW);
    var importance = pruning.choice("importance", RunDefaults.IMPORTANCE, RunChoices.IMPORTANCE);
    readInitial(named);
    pruning.close();
    if (named.isSound()) {
      densities(named, max, target, density);
    }
    policy =
        PruningPolicy.newBuilder()
            .setPolicy(maskPolicy.name())
            .setReconfigureEvery(every.value())
            .setMaxDecrease(decrease.value())
            .setHalfLife(halfLife.value())
            .setMaxDensity(max.value())
            .setTargetDensity(density.isGiven() ? density.value() : target.value())
            .setRegrow(regrow.value())
            .setImportance(importance.value())
            .build();
    return this;
  }

  /** Which densities a policy takes. */
  private void densities(
      Value<MaskPolicy> named, Value<Double> max, Value<Double> target, Value<Double> density) {
    boolean needsOne = maskPolicy.inherits() == Inheritance.DENSITY;
    if (maskPolicy.inherits() == Inheritance.MASK
        || maskPolicy.inherits() == Inheritance.MASK_NEW_WEIGHTS) {
      problems.add(
          named.place(),
          String.format(
              "pruning.policy %s takes over the mask of a finished run, which a file does not name: 'coppice compare' runs one"
                  + " for it.",
              maskPolicy.name()));
      return;
    }
    if (needsOne && !density.isGiven()) {
      problems.add(
          named.place(),
          String.format(
              "pruning.policy %s needs pruning.density, above 0 and below 1.", maskPolicy.name()));
    }
    if (!needsOne && density.isGiven()) {
      problems.add(
          density.place(),
          String.format(
              "pruning.density is for policies that keep to a given density, and not for %s.",
              maskPolicy.name()));
    }
    boolean bounded = maskPolicy.name().equals(RunSettings.PRUNEFL);
    if (max.isGiven() && !bounded) {
      problems.add(
          max.place(),
          String.format(
              "pruning.max-density is the bound of prunefl, and not of %s.", maskPolicy.name()));
    }
    if (bounded
        && target.isGiven()
        && target.isSound()
        && max.isSound()
        && (max.value() == null || target.value() > max.value())) {
      problems.add(
          target.place(),
          String.format(
              "pruning.target-density is what the bound moves to from pruning.max-density, and at most as large: they are %s and"
                  + " %s.",
              target.value(), max.value() == null ? "none" : max.value()));
    }
    places.put(Setting.DENSITY, density.place());
    places.put(Setting.TARGET_DENSITY, target.place());
    rules
        .density(maskPolicy, density.value(), target.value())
        .ifPresent(breach -> problems.add(places.get(breach.setting()), breach.sentence()));
  }

  private void readInitial(Value<MaskPolicy> named) {
    boolean byDefault = maskPolicy.name().equals(RunSettings.PRUNEFL);
    boolean wanted =
        pruning.isSection("initial") || pruning.flag("initial", byDefault, INITIAL_KIND).value();
    if (!wanted) {
      return;
    }
    initial = pruning.isSection("initial") ? pruning.section("initial") : pruning.empty("initial");
    if (named.isSound()) {
      rules
          .initialPruning(true, maskPolicy.name())
          .ifPresent(breach -> problems.add(pruning.valuePlace("initial"), breach.sentence()));
    }
  }

  /**
   * The stage before round 0; empty if there is none. To be called once, after {@link #read}.
   *
   * @param batch samples a step of local training
   * @param evaluateEvery rounds between two evaluations in the run, which it has in common if it says nothing else
   */
  Optional<InitialPruning> stage(Value<Integer> batch, int classes, int evaluateEvery) {
    if (initial == null) {
      return Optional.empty();
    }
    InitialPruning usual =
        RunDefaults.initialPruning(
            batch.value(),
            classes,
            RunDefaults.INITIAL_PRUNING_ROUNDS,
            evaluateEvery,
            policy.getReconfigureEvery());
    Range count = Range.atLeast(1);
    Value<Integer> samples = initial.integer("samples", usual.getSamples(), count);
    if (samples.isGiven()
        && samples.isSound()
        && batch.isSound()
        && samples.value() % batch.value() != 0) {
      initial.wrong(
          "samples",
          null,
          String.format(
              "pruning.initial.samples is a multiple of training.batch, %d, not %d.",
              batch.value(), samples.value()));
    }
    InitialPruning stage =
        InitialPruning.newBuilder()
            .setSamples(samples.value())
            .setMaxRounds(initial.integer("max-rounds", usual.getMaxRounds(), count).value())
            .setEvaluateEvery(
                initial.integer("evaluate-every", usual.getEvaluateEvery(), count).value())
            .setDecideEvery(initial.integer("decide-every", usual.getDecideEvery(), count).value())
            .setStartAccuracy(
                initial.number("start-accuracy", usual.getStartAccuracy(), Range.SHARE).value())
            .setStableTolerance(
                initial
                    .number("stable-tolerance", usual.getStableTolerance(), Range.NOT_NEGATIVE)
                    .value())
            .setStableDecisions(
                initial.integer("stable-decisions", usual.getStableDecisions(), count).value())
            .setDeadlineMillis(initial.duration("deadline", usual.getDeadlineMillis()).value())
            .build();
    initial.close();
    return Optional.of(stage);
  }
}
