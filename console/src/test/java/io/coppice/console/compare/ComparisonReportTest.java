package io.coppice.console.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.UserError;
import io.coppice.console.compare.RunFigures.InitialPruning;
import io.coppice.console.compare.RunFigures.Point;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonReportTest {

  private static final Map<String, String> SETTINGS = settings();

  @TempDir private Path directory;

  private static Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("data", "MNIST, 10,000 training and 2,000 test images");
    settings.put("model", "conv2, 6,497,162 parameters");
    settings.put("agents", "10, label-skewed (Dirichlet 0.5)");
    settings.put("cost model", "paper:femnist");
    settings.put("seed", "0");
    return settings;
  }

  @Test
  void allFilesAreWrittenWholeAndTheTableIsPrinted() throws IOException {
    Path target = directory.resolve("made/on/demand");
    String printed = write(target, SampleRuns.comparison(60));

    try (var files = Files.list(target)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "none.csv",
              "prunefl.csv",
              "snip.csv",
              "iterative.csv",
              "online.csv",
              "fedtiny.csv",
              "fedrts.csv",
              "comparison.csv",
              "report.html",
              "curves.png",
              "layers.png");
    }
    assertThat(printed).contains("After the last round").contains("To reach accuracy 0.90");
    assertThat(RunFigures.ofCsv(ComparisonReport.csv(target, "prunefl")))
        .isEqualTo(SampleRuns.comparison(60).get(1));
    assertThat(coloursOf(target.resolve("curves.png"))).contains(0x0072B2, 0xD55E00, 0x009E73);
    assertThat(coloursOf(target.resolve("layers.png"))).contains(0x3B5BDB, 0xD6336C);
  }

  @Test
  void thePageRefersToNothingOutsideOfIt() throws IOException {
    write(directory, SampleRuns.comparison(20));
    String page = Files.readString(directory.resolve("report.html"));
    assertThat(page).doesNotContain("/*{").contains("Licensed to the Apache Software Foundation");
    String markup = page.replaceAll("(?s)(<script[^>]*>).*?</script>", "$1</script>");
    assertThat(markup).doesNotContainPattern("(?i)\\s(src|href|srcset|action)\\s*=");
    assertThat(page).doesNotContainPattern("(?i)@import|url\\(\\s*['\"]?https?:");
    assertThat(markup).contains("default-src 'none'");
  }

  @Test
  void theFiguresStandInThePageAsJson() throws IOException {
    List<RunFigures> runs = SampleRuns.comparison(30);
    write(directory, runs);
    JsonNode figures = embedded(directory.resolve("report.html"));

    assertThat(figures.path("settings").path("model").asText()).isEqualTo(SETTINGS.get("model"));
    assertThat(List.copyOf(figures.path("settings").properties()))
        .extracting(Map.Entry::getKey)
        .containsExactlyElementsOf(SETTINGS.keySet());
    assertThat(figures.path("runs")).hasSize(runs.size());
    Set<String> looks = new HashSet<>();
    for (int r = 0; r < runs.size(); r++) {
      JsonNode json = figures.path("runs").path(r);
      List<Point> points = runs.get(r).points();
      assertThat(json.path("policy").asText()).isEqualTo(runs.get(r).policy());
      looks.add(json.path("colour").asText() + json.path("dash").asInt());
      for (int i = 0; i < points.size(); i++) {
        Point point = points.get(i);
        assertThat(json.path("accuracy").path(i).asDouble(Double.NaN))
            .isEqualTo(Double.valueOf(point.accuracy()));
        assertThat(json.path("activeParameters").path(i).asInt())
            .isEqualTo(point.activeParameters());
        assertThat(json.path("layers").path(2).path("density").path(i).asDouble())
            .isEqualTo(point.layerDensities().get(2));
        assertThat(json.path("MEASURED_TIME").path(i).asDouble())
            .isEqualTo(runs.get(r).totals().get(i).seconds());
        assertThat(json.path("BYTES").path(i).asLong())
            .isEqualTo(runs.get(r).totals().get(i).bytes());
      }
    }
    assertThat(looks).hasSize(runs.size());
    assertThat(figures.at("/runs/0/meanGradientNorms")).hasSize(30);
    assertThat(figures.at("/runs/4/meanGradientNorms")).isEmpty();
  }

  @Test
  void aLabelThatEndsAScriptStaysALabel() throws IOException {
    String label = "</script><script>alert(1)</script><!--<script>";
    RunFigures run = SampleRuns.run(label, 10, InitialPruning.NONE, 0.5, 0.9);
    write(directory, List.of(run));
    Path page = directory.resolve("report.html");
    assertThat(Files.readString(page)).doesNotContain("alert(1)</script>").doesNotContain("<!--<");
    assertThat(embedded(page).at("/runs/0/policy").asText()).isEqualTo(label);
    assertThat(RunFigures.ofCsv(ComparisonReport.csv(directory, label))).isEqualTo(run);
    assertThat(ComparisonReport.csv(directory, label)).hasParent(directory);
  }

  @Test
  void runsThatHaveNotComeFarAreReportedAsFarAsTheyAre() throws IOException {
    RunFigures notBegun = SampleRuns.run("snip", 0, InitialPruning.NONE, 0.5, 1);
    RunFigures oneRound = SampleRuns.run("online", 1, InitialPruning.NONE, 0.5, 1);
    assertThat(write(directory, List.of(notBegun))).contains("snip");
    assertThat(write(directory, List.of(notBegun, oneRound))).contains("online");
    assertThat(RunFigures.ofCsv(ComparisonReport.csv(directory, "snip"))).isEqualTo(notBegun);
  }

  @Test
  void aRunThatIsNeverEvaluatedOrDivergesIsReported() throws IOException {
    List<Point> points = new ArrayList<>();
    for (Point p : SampleRuns.conventional(6).points()) {
      points.add(
          new Point(
              p.round(),
              Double.NaN,
              Double.POSITIVE_INFINITY,
              0,
              0,
              List.of(0.0, 0.0, 0.0, 0.0),
              p.estimatedSeconds(),
              p.seconds(),
              p.bytesUp(),
              p.bytesDown(),
              p.trainSeconds(),
              0,
              0));
    }
    RunFigures sample = SampleRuns.conventional(1);
    RunFigures run = new RunFigures("none", "run", sample.layers(), InitialPruning.NONE, points);
    assertThat(write(directory, List.of(run))).contains("none");
    assertThat(embedded(directory.resolve("report.html")).at("/runs/0/loss/0").isNull()).isTrue();
  }

  @Test
  void whatCannotBeReportedIsRefusedBeforeAnythingIsWritten() {
    RunFigures one = SampleRuns.run("a/b", 2, InitialPruning.NONE, 1, 1);
    RunFigures same = SampleRuns.run("A:b", 2, InitialPruning.NONE, 1, 1);
    RunFigures table = SampleRuns.run("comparison", 2, InitialPruning.NONE, 1, 1);
    assertThatThrownBy(() -> write(directory, List.of(one, same)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("A:b need the file A-b.csv");
    assertThatThrownBy(() -> write(directory, List.of(table))).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> write(directory, List.of())).isInstanceOf(UserError.class);
    assertThatThrownBy(
            () ->
                ComparisonReport.write(
                    directory,
                    List.of(one),
                    List.of(1.5),
                    SETTINGS,
                    new PrintWriter(new StringWriter())))
        .hasMessage("An accuracy to be reached must be above 0 and at most 1, not 1.5.");
    assertThat(directory).isEmptyDirectory();
  }

  private static String write(Path directory, List<RunFigures> runs) {
    StringWriter text = new StringWriter();
    ComparisonReport.write(directory, runs, List.of(), SETTINGS, new PrintWriter(text));
    return text.toString();
  }

  private static JsonNode embedded(Path page) throws IOException {
    Matcher script =
        Pattern.compile("(?s)<script type=\"application/json\" id=\"figures\">(.*?)</script>")
            .matcher(Files.readString(page));
    assertThat(script.find()).isTrue();
    return new ObjectMapper().readTree(script.group(1));
  }

  private static Set<Integer> coloursOf(Path picture) throws IOException {
    BufferedImage image = ImageIO.read(picture.toFile());
    Set<Integer> colours = new HashSet<>();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        colours.add(image.getRGB(x, y) & 0xFFFFFF);
      }
    }
    return colours;
  }
}
