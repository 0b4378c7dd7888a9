package io.coppice.audit.explain;

/**
 * A round explained. Its JSON has the names of the records' components (docs/audit.md).
 *
 * @param run id of the run
 * @param network its network
 * @param policy its pruning policy
 * @param firstRound its first round: -1 with initial pruning, else 0
 * @param lastRound the last round by its definition
 * @param lastClosedRound the last round that the log has closed
 * @param round the round
 * @param facts who took part in it
 * @param mask the mask in force in it
 * @param decision the mask that was published for the round after it; null if there is none
 * @param decisionDue whether the definition has a mask decided after this round
 * @param previousDecision the last round before this one after which a mask is decided; null if there is none
 * @param nextDecision the first round after this one after which a mask is decided; null if there is none
 * @param layer details of one layer; null unless they were asked for
 * @param history all masks of the run
 */
public record Explanation(
    String run,
    String network,
    String policy,
    int firstRound,
    int lastRound,
    int lastClosedRound,
    int round,
    RoundFacts facts,
    MaskFacts mask,
    DecisionFacts decision,
    boolean decisionDue,
    Integer previousDecision,
    Integer nextDecision,
    LayerDetail layer,
    MaskHistory history) {}
