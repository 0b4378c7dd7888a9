package io.coppice.audit.explain;

import io.coppice.schemas.CloseReason;
import io.coppice.schemas.RejectReason;
import java.time.Instant;
import java.util.List;

/**
 * Who took part in a round. Places in the log are written as {@link io.coppice.replay.LogRecord#position} does.
 *
 * @param openings when the round was opened: once, and again at every deadline without quorum
 * @param closing how it was closed
 * @param asked the agents that were asked in any opening, in ascending order of their ids
 * @param contributions the updates that make the aggregate, in ascending order of agent ids
 * @param rejections the updates that were refused, in ledger order; also those of agents that were not asked, or that contributed
 *     with another one
 * @param silent agents that were asked, and of which neither an update was admitted nor one refused
 * @param totalWeight sum of the contributions' weights
 * @param payloadBytes sum of the contributions' bytes, as far as their submissions are in the log
 */
public record RoundFacts(
    List<Opening> openings,
    Closing closing,
    List<String> asked,
    List<Contribution> contributions,
    List<Rejection> rejections,
    List<String> silent,
    long totalWeight,
    long payloadBytes) {

  /**
   * An opening.
   *
   * @param openedAt timestamp of the record that opened the round
   * @param deadlineAt from then on the round closes with whoever is admitted, if they are a quorum
   * @param participants agents that were asked
   * @param record place of the RoundOpened
   */
  public record Opening(
      Instant openedAt, Instant deadlineAt, List<String> participants, String record) {}

  /**
   * The end.
   *
   * @param closedAt timestamp of the record that closed the round
   * @param reason why then
   * @param seconds since the first opening
   * @param uploads whether updates carried what the mask decision needs
   * @param record place of the RoundClosed
   */
  public record Closing(
      Instant closedAt, CloseReason reason, double seconds, boolean uploads, String record) {}

  /**
   * An admitted update. What the agent has stated is null where its submission is not in the log.
   *
   * @param agent its sender
   * @param weight its weight in the mean, in samples
   * @param share its weight over that of all, in (0, 1]
   * @param trainLoss mean training loss of its local steps, as the agent states
   * @param trainSeconds seconds of its local training, as the agent states
   * @param payloadBytes bytes of its encoded values, as the agent states
   * @param signed whether the submission has a signature; whether it fits is for {@code audit verify} to say
   * @param probe training losses of three models; null where they were not asked for
   * @param record place of the UpdateSubmitted
   */
  public record Contribution(
      String agent,
      long weight,
      double share,
      Double trainLoss,
      Double trainSeconds,
      Long payloadBytes,
      Boolean signed,
      Probe probe,
      String record) {}

  /**
   * Training losses, mean over some samples.
   *
   * @param samples their number
   * @param previous of the model that the round before started from
   * @param current of the model that the round starts from
   * @param smaller of that model with fewer weights
   */
  public record Probe(int samples, double previous, double current, double smaller) {}

  /**
   * A refused update.
   *
   * @param agent its sender, as it says
   * @param asked whether that agent was asked in the round
   * @param reason why
   * @param detail what was found and what was expected
   * @param rejectedAt timestamp of the record
   * @param record place of the UpdateRejected
   * @param submission place of the refused UpdateSubmitted; null where it cannot be found
   */
  public record Rejection(
      String agent,
      boolean asked,
      RejectReason reason,
      String detail,
      Instant rejectedAt,
      String record,
      String submission) {}
}
