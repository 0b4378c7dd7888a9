package io.coppice.console.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.coppice.console.CoppiceHome;
import java.nio.file.Path;

/** The PyTorch peer, {@code benchmarks/peers/pytorch_step.py}: steps and forward passes of dense networks. */
final class PyTorchPeer implements AutoCloseable {

  private final PeerProcess process;

  private PyTorchPeer(PeerProcess process) {
    this.process = process;
  }

  /**
   * Starts the peer.
   *
   * @param python a Python 3 with PyTorch
   * @throws io.coppice.console.UserError if it does not come up
   */
  static PyTorchPeer start(String python) {
    return start(python, CoppiceHome.resolve("benchmarks", "peers", "pytorch_step.py"));
  }

  /** The same with another program. */
  static PyTorchPeer start(String python, Path script) {
    return new PyTorchPeer(PeerProcess.start("PyTorch", python, script));
  }

  /** What the peer says about itself: torch, blas, python, threads, cpu, networks. */
  JsonNode environment() {
    return process.environment();
  }

  /** Whether the peer has a network of that name. */
  boolean has(String network) {
    for (JsonNode name : environment().path("networks")) {
      if (name.asText().equals(network)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Lets the peer measure its dense network.
   *
   * @return the median CPU milliseconds of {@link Workload#UNITS} consecutive steps or forward passes
   * @throws io.coppice.console.UserError if it cannot
   */
  double millis(String network, Workload workload) {
    return process.ask(
        String.format(
            "%s %s %d %d", workload.kind().title(), network, workload.batch(), Workload.UNITS),
        "medianMillis");
  }

  @Override
  public void close() {
    process.close();
  }
}
