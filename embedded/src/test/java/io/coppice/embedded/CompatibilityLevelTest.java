package io.coppice.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class CompatibilityLevelTest {

  private static final String PLAIN = record("");
  private static final String WITH_DEFAULT = record(",{'name':'b','type':'int','default':0}");
  private static final String WITHOUT_DEFAULT = record(",{'name':'b','type':'int'}");
  private static final String OTHER_TYPE = record(",{'name':'b','type':'string','default':''}");

  @Test
  void addingAFieldWithADefaultSuitsEveryLevel() {
    assertThat(levelsThatAccept(WITH_DEFAULT, PLAIN))
        .containsExactlyInAnyOrder(CompatibilityLevel.values());
  }

  @Test
  void addingAFieldWithoutADefaultIsForwardCompatibleOnly() {
    assertThat(levelsThatAccept(WITHOUT_DEFAULT, PLAIN))
        .containsExactlyInAnyOrder(
            CompatibilityLevel.NONE,
            CompatibilityLevel.FORWARD,
            CompatibilityLevel.FORWARD_TRANSITIVE);
  }

  @Test
  void removingAFieldWithoutADefaultIsBackwardCompatibleOnly() {
    assertThat(levelsThatAccept(PLAIN, WITHOUT_DEFAULT))
        .containsExactlyInAnyOrder(
            CompatibilityLevel.NONE,
            CompatibilityLevel.BACKWARD,
            CompatibilityLevel.BACKWARD_TRANSITIVE);
  }

  @Test
  void onlyTransitiveLevelsLookBehindTheLatestVersion() {
    // Compatible both ways with the latest version, but not with the one before.
    assertThat(levelsThatAccept(OTHER_TYPE, PLAIN, WITH_DEFAULT))
        .containsExactlyInAnyOrder(
            CompatibilityLevel.NONE,
            CompatibilityLevel.BACKWARD,
            CompatibilityLevel.FORWARD,
            CompatibilityLevel.FULL);
  }

  @Test
  void backwardTransitiveLooksOnlyBackAndForwardTransitiveOnlyForth() {
    assertThat(levelsThatAccept(WITHOUT_DEFAULT, WITH_DEFAULT, PLAIN))
        .contains(CompatibilityLevel.BACKWARD, CompatibilityLevel.FULL)
        .contains(CompatibilityLevel.FORWARD_TRANSITIVE)
        .doesNotContain(CompatibilityLevel.BACKWARD_TRANSITIVE, CompatibilityLevel.FULL_TRANSITIVE);
    assertThat(levelsThatAccept(PLAIN, WITH_DEFAULT, WITHOUT_DEFAULT))
        .contains(CompatibilityLevel.FORWARD, CompatibilityLevel.FULL)
        .contains(CompatibilityLevel.BACKWARD_TRANSITIVE)
        .doesNotContain(CompatibilityLevel.FORWARD_TRANSITIVE, CompatibilityLevel.FULL_TRANSITIVE);
  }

  @Test
  void theFirstVersionSuitsEveryLevel() {
    assertThat(levelsThatAccept(PLAIN)).containsExactlyInAnyOrder(CompatibilityLevel.values());
  }

  @Test
  void aViolationNamesTheVersionAndTheField() {
    List<String> violations =
        CompatibilityLevel.BACKWARD.violations(
            new Schema.Parser().parse(WITHOUT_DEFAULT), versions(PLAIN));
    assertThat(violations)
        .singleElement()
        .asString()
        .contains("BACKWARD: the new schema cannot read version 1")
        .contains("READER_FIELD_MISSING_DEFAULT_VALUE")
        .contains("b");
  }

  @Test
  void levelsAreReadInAnyCaseAndUnknownOnesRefused() {
    assertThat(CompatibilityLevel.parse("full_transitive"))
        .isEqualTo(CompatibilityLevel.FULL_TRANSITIVE);
    assertThatThrownBy(() -> CompatibilityLevel.parse("SIDEWAYS"))
        .isInstanceOfSatisfying(RegistryError.class, e -> assertThat(e.code).isEqualTo(42203));
  }

  /**
   * @param newestFirst the subject's versions, the latest first
   */
  private static Set<CompatibilityLevel> levelsThatAccept(String candidate, String... newestFirst) {
    Set<CompatibilityLevel> accepting = EnumSet.noneOf(CompatibilityLevel.class);
    for (CompatibilityLevel level : CompatibilityLevel.values()) {
      if (level.violations(new Schema.Parser().parse(candidate), versions(newestFirst)).isEmpty()) {
        accepting.add(level);
      }
    }
    return accepting;
  }

  private static List<SchemaVersion> versions(String... newestFirst) {
    List<SchemaVersion> versions = new ArrayList<>();
    for (String schema : List.of(newestFirst).reversed()) {
      int number = versions.size() + 1;
      versions.add(new SchemaVersion("s", number, number, schema));
    }
    return versions;
  }

  private static String record(String moreFields) {
    return ("{'type':'record','name':'R','fields':[{'name':'a','type':'int'}" + moreFields + "]}")
        .replace('\'', '"');
  }
}
