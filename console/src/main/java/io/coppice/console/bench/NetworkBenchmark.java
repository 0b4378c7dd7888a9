package io.coppice.console.bench;

import io.coppice.console.bench.NetworkFigures.Line;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/** Times one network in all variants and at all densities, together with the peer, in one run. */
final class NetworkBenchmark {

  private static final long MASK_SEED = 1;

  private final List<Variant> variants;
  private final BenchSettings settings;
  private final StepBenchmark benchmark;

  /**
   * @param variants the dense one among them
   */
  NetworkBenchmark(List<Variant> variants, BenchSettings settings, StepBenchmark benchmark) {
    this.variants = variants;
    this.settings = settings;
    this.benchmark = benchmark;
  }

  /**
   * Times the network.
   *
   * @param peer is measured where it is present and has the network
   * @param done as of {@link StepBenchmark#run}
   */
  NetworkFigures run(BenchModel model, Optional<PyTorchPeer> peer, IntConsumer done) {
    Architecture architecture = model.architecture();
    try (Cases cases = new Cases(model)) {
      peer.filter(process -> process.has(architecture.network())).ifPresent(cases::add);
      variants.forEach(cases::add);
      return new NetworkFigures(
          architecture.network(),
          String.format(
              "%d x %d x %d", architecture.channels(), architecture.height(), architecture.width()),
          architecture.classes(),
          architecture.layout().size(),
          model.dataName(),
          cases.crossovers(),
          cases.time(done));
    }
  }

  /**
   * A line of the table to come.
   *
   * @param alone one agent, without importance
   * @param importance with importance, if it is asked for
   * @param agents among agents, if they are asked for
   */
  private record Case(
      String variant, Mask mask, Turn alone, Optional<Turn> importance, Optional<Turn> agents) {

    Stream<Turn> turns() {
      return Stream.of(Optional.of(alone), importance, agents).flatMap(Optional::stream);
    }

    /** Takes as many timings as there are turns. */
    Line line(Iterator<Timing> timings) {
      return new Line(
          variant,
          mask.density(),
          mask.kept(),
          timings.next(),
          importance.map(turn -> timings.next()),
          agents.map(turn -> timings.next()));
    }
  }

  /** The cases in the order of the table, and the networks and threads that they need. */
  private final class Cases implements AutoCloseable {

    private final BenchModel model;
    private final ParameterLayout layout;
    private final Mask full;
    private final List<Mask> masks;
    private final List<Case> cases = new ArrayList<>();
    private final List<Engine> opened = new ArrayList<>();
    private final Map<String, Double> crossovers = new LinkedHashMap<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(settings.agents());

    Cases(BenchModel model) {
      this.model = model;
      this.layout = model.architecture().layout();
      this.full = Mask.full(layout);
      this.masks = settings.densities().stream().map(this::mask).toList();
    }

    private Mask mask(double density) {
      return density == 1 ? full : RandomMask.of(layout, density, MASK_SEED);
    }

    void add(PyTorchPeer peer) {
      String network = model.architecture().network();
      Turn turn = () -> new Timing(peer.millis(network, settings.workload()), Double.NaN);
      cases.add(new Case(NetworkFigures.PEER, full, turn, Optional.empty(), Optional.empty()));
    }

    void add(Variant variant) {
      KernelPolicy policy = variant.policy(model, settings.workload());
      for (ParameterTensor weight : layout.prunable()) {
        Double measured = policy.byLayer().get(weight.layer());
        if (measured != null) {
          crossovers.put(weight.layer(), measured);
        }
      }
      List<Engine> engines = new ArrayList<>();
      for (int agent = 0; agent < settings.agents(); agent++) {
        engines.add(variant.open(model, settings.workload(), policy));
        opened.add(engines.getLast());
      }
      for (Mask mask : variant.followsDensity() ? masks : List.of(full)) {
        cases.add(
            new Case(
                variant.name(),
                mask,
                new EngineTurn(engines.getFirst(), mask, false),
                settings.importance()
                    ? Optional.of(new EngineTurn(engines.getFirst(), mask, true))
                    : Optional.empty(),
                settings.agents() > 1
                    ? Optional.of(new AgentsTurn(threads, engines, mask))
                    : Optional.empty()));
      }
    }

    Map<String, Double> crossovers() {
      return crossovers;
    }

    List<Line> time(IntConsumer done) {
      List<Turn> turns = cases.stream().flatMap(Case::turns).toList();
      Iterator<Timing> timings = benchmark.run(turns, done).iterator();
      return cases.stream().map(c -> c.line(timings)).toList();
    }

    @Override
    public void close() {
      threads.close();
      opened.forEach(Engine::close);
    }
  }
}
