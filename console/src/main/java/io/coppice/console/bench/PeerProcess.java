package io.coppice.console.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The PyTorch peer, {@code benchmarks/peers/pytorch_step.py --serve}, as a process that measures when it is asked to and sleeps
 * in between. Requests and answers are lines; that script describes them.
 */
final class PeerProcess implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String python;
  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter requests;
  private final JsonNode environment;

  private PeerProcess(String python, Process process) {
    this.python = python;
    this.process = process;
    this.answers = process.inputReader();
    this.requests = new PrintWriter(process.outputWriter());
    this.environment = read();
  }

  /**
   * Starts the peer. What it writes to its standard error goes to ours.
   *
   * @param python a Python 3 with PyTorch
   * @param script the peer's program
   * @throws UserError if the peer does not come up
   */
  static PeerProcess start(String python, Path script) {
    if (!Files.isRegularFile(script)) {
      throw UserError.failed("The program of the PyTorch peer, " + script + ", is missing.", null);
    }
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(python, script.toString(), "--serve"))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      throw UserError.badInput("--peer " + python + " cannot be started: give a Python 3.", e);
    }
    try {
      return new PeerProcess(python, process);
    } catch (UserError e) {
      process.destroy();
      throw e;
    }
  }

  /** What the peer says about itself: torch, blas, python, threads, cpu, networks. */
  JsonNode environment() {
    return environment;
  }

  /** Whether the peer has a network of that name. */
  boolean has(String network) {
    for (JsonNode name : environment.path("networks")) {
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
   * @throws UserError if it cannot
   */
  double millis(String network, Workload workload) {
    requests.printf(
        "%s %s %d %d%n", workload.kind().title(), network, workload.batch(), Workload.UNITS);
    requests.flush();
    JsonNode answer = read();
    if (!answer.path("medianMillis").isNumber()) {
      throw UserError.failed(
          "The PyTorch peer cannot measure: " + answer.path("error").asText(answer.toString()),
          null);
    }
    return answer.get("medianMillis").asDouble();
  }

  private JsonNode read() {
    try {
      String line = answers.readLine();
      if (line == null) {
        throw UserError.failed(
            String.format(
                "The PyTorch peer ended with exit code %d: it needs a Python 3 with PyTorch, and --peer is %s.",
                process.waitFor(), python),
            null);
      }
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw UserError.failed("--peer " + python + " does not answer as the PyTorch peer.", e);
    } catch (IOException e) {
      throw UserError.failed("The PyTorch peer does not answer: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw UserError.failed("Interrupted while waiting for the PyTorch peer.", e);
    }
  }

  /** Ends the process. */
  @Override
  public void close() {
    process.destroy();
  }
}
