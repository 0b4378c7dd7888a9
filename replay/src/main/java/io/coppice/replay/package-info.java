/**
 * The model as a fold over the log: {@code model(r + 1) = model(r) + meanDelta(r)}, restricted by the mask in force. Agents,
 * the pruning service, evaluators and auditors all fold with this code, and so hold the same bits.
 */
package io.coppice.replay;
