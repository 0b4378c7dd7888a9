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
 * A peer in Python, one of {@code benchmarks/peers}, as a process that measures when it is asked to and sleeps in between. It is
 * started with {@code --serve}; the first line of its answer tells what is running, and then every line of input is a request and
 * every line of output the answer, both described in the script.
 */
public final class PeerProcess implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String library;
  private final String python;
  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter requests;
  private final JsonNode environment;

  private PeerProcess(String library, String python, Process process) {
    this.library = library;
    this.python = python;
    this.process = process;
    this.answers = process.inputReader();
    this.requests = new PrintWriter(process.outputWriter());
    this.environment = read();
  }

  /**
   * Starts the peer. What it writes to its standard error goes to ours.
   *
   * @param library what it computes with, for messages
   * @param python a Python 3 that has it
   * @param script the peer's program
   * @throws UserError if the peer does not come up
   */
  public static PeerProcess start(String library, String python, Path script) {
    if (!Files.isRegularFile(script)) {
      throw UserError.failed(
          "The program of the " + library + " peer, " + script + ", is missing.", null);
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
      return new PeerProcess(library, python, process);
    } catch (UserError e) {
      process.destroy();
      throw e;
    }
  }

  /** What the peer says about itself: versions, threads, cpu and whatever else its script puts there. */
  public JsonNode environment() {
    return environment;
  }

  /**
   * Lets the peer measure.
   *
   * @param request one line
   * @param figure name of the figure in the answer
   * @throws UserError if it cannot
   */
  public double ask(String request, String figure) {
    requests.println(request);
    requests.flush();
    JsonNode answer = read();
    if (!answer.path(figure).isNumber()) {
      throw UserError.failed(
          "The "
              + library
              + " peer cannot measure: "
              + answer.path("error").asText(answer.toString()),
          null);
    }
    return answer.get(figure).asDouble();
  }

  private JsonNode read() {
    try {
      String line = answers.readLine();
      if (line == null) {
        throw UserError.failed(
            String.format(
                "The %s peer ended with exit code %d: it needs a Python 3 with %s, and --peer is %s.",
                library, process.waitFor(), library, python),
            null);
      }
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw UserError.failed(
          "--peer " + python + " does not answer as the " + library + " peer.", e);
    } catch (IOException e) {
      throw UserError.failed("The " + library + " peer does not answer: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw UserError.failed("Interrupted while waiting for the " + library + " peer.", e);
    }
  }

  /** Ends the process. */
  @Override
  public void close() {
    process.destroy();
  }
}
