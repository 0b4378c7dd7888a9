package io.coppice.aggregator.rounds;

import io.coppice.learning.random.SplitMix64;
import io.coppice.schemas.TrainingRun;
import java.util.Comparator;
import java.util.List;

/**
 * Which agents are asked in a round: those whose hash with the run's seed and the round is lowest. Every agent is as likely as any
 * other, each round is drawn anew, and whether one is asked changes little with who else is there. Anybody who knows the agents
 * can draw again.
 */
public final class ClientSelection {

  private ClientSelection() {}

  /**
   * Chooses the participants of a round.
   *
   * @param run the definition, for its seed and how many agents a round asks
   * @param round the round, from 0
   * @param agents those that can be asked, in ascending order
   * @return as many as the run asks in a round, or all if there are not more; in ascending order
   */
  public static List<String> choose(TrainingRun run, int round, List<String> agents) {
    Integer participants = run.getParticipation().getParticipants();
    if (participants == null || participants >= agents.size()) {
      return agents;
    }
    return agents.stream()
        .sorted(
            Comparator.<String>comparingLong(agent -> rank(run.getSeed(), round, agent))
                .thenComparing(Comparator.naturalOrder()))
        .limit(participants)
        .sorted()
        .toList();
  }

  private static long rank(long seed, int round, String agent) {
    return SplitMix64.seed(seed, round, SplitMix64.seed(agent));
  }
}
