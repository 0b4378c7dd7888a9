package io.coppice.console.federation;

import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.TensorEncoding;
import java.util.Map;

/** What the words stand for that users choose from, in options as in run definition files. */
public final class RunChoices {

  public static final Map<String, Loss> LOSSES =
      Map.of("softmax", Loss.SOFTMAX_CROSS_ENTROPY, "bce", Loss.BCE_WITH_LOGITS);
  public static final Map<String, TensorEncoding> ENCODINGS =
      Map.of("float32", TensorEncoding.FLOAT32, "bfloat16", TensorEncoding.BFLOAT16);
  public static final Map<String, Regrow> REGROW =
      Map.of("last-value", Regrow.LAST_VALUE, "zero", Regrow.ZERO);
  public static final Map<String, ImportanceRounds> IMPORTANCE =
      Map.of(
          "every-round", ImportanceRounds.EVERY_ROUND, "last-round", ImportanceRounds.LAST_ROUND);
  public static final Map<String, SignatureRule> SIGNATURES =
      Map.of("required", SignatureRule.REQUIRED, "optional", SignatureRule.OPTIONAL);
  public static final Map<String, EvaluationMode> EVALUATION =
      Map.of("central", EvaluationMode.CENTRAL, "federated", EvaluationMode.FEDERATED);

  private RunChoices() {}

  /** What to tell the user of a word that is none of them. */
  public static String sentence(String name, String value, Map<String, ?> choices) {
    return name
        + " is one of "
        + String.join(", ", choices.keySet().stream().sorted().toList())
        + ", not '"
        + value
        + "'.";
  }
}
